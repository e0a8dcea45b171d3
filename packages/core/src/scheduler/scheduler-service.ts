import { systemClock, type Clock } from '../domain/clock.js';
import { longestTaskDataBytes } from '../domain/task-data.js';
import type { LeadershipTerm, RevocableCandidacy, TermRunner } from '../election/leadership.interface.js';
import { StaleLeaderError } from '../errors/errors.js';
import { errorName, type QueueLog } from '../observability/messages/queue-log.js';
import { noInstruments, type Instruments } from '../observability/instruments.interface.js';
import type { QueueContext } from '../redis/queue-context.js';
import { DispatchSignal } from './dispatch-signal.js';

export interface SchedulerServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  /** A leader that does not schedule would keep others from it. */
  readonly candidacy: RevocableCandidacy;
  readonly onError: (error: unknown) => void;
  readonly clock?: Clock;
  readonly instruments?: Instruments;
}

/** Bounds of one dispatch script: so many ids, and so many bytes of task data. They keep it in the low milliseconds. */
const maxIdsPerDispatch = 500;
const maxBytesPerDispatch = 1_000_000;
const retryMs = 200;

type DispatchReply = [taken: number, bound: number, more: 0 | 1, dueInMs: number];

/**
 * The leader's work: takes in what was added, binds tags to workers, looks ahead. It sleeps until a marker wakes it, a
 * delayed task or a parked tag is due, or `schedulerInterval` is over.
 *
 * @publicApi
 */
export class SchedulerService implements TermRunner {
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #candidacy: RevocableCandidacy;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  #enabled = true;
  #lastProgressMs: number | undefined;
  #signal: DispatchSignal | undefined;

  /** @internal */
  constructor({
    context,
    log,
    candidacy,
    onError,
    clock = systemClock,
    instruments = noInstruments,
  }: SchedulerServiceDependencies) {
    this.#instruments = instruments;
    this.#context = context;
    this.#log = log;
    this.#candidacy = candidacy;
    this.#onError = onError;
    this.#clock = clock;
  }

  /** @internal */
  get lastProgressMs(): number | undefined {
    return this.#lastProgressMs;
  }

  /** Whether this instance schedules at this moment: it leads, and was not told to stop. */
  get isScheduling(): boolean {
    return this.#signal !== undefined && this.#enabled;
  }

  /** Lets this instance stand for election, and schedule while it leads; the state from the beginning. */
  start(): void {
    this.#enabled = true;
    this.#candidacy.restore();
  }

  /**
   * Makes this instance stop scheduling: it resigns, and stands for election no more until `start`. Another candidate takes
   * over; without one, tasks keep waiting.
   */
  stop(): void {
    this.#enabled = false;
    this.#candidacy.withdraw();
  }

  /** @internal Runs for one leadership. */
  async run(term: LeadershipTerm): Promise<void> {
    const { hub, keys } = this.#context;
    const signal = new DispatchSignal(term.signal);
    this.#signal = signal;
    this.#lastProgressMs = this.#clock.nowMs();
    const unwatch = hub.leaderWait.watch(keys.marker, () => {
      signal.set();
    });
    try {
      await this.#guarded(term, signal, () => this.#setLimits(term));
      while (!term.signal.aborted) {
        const dueInMs = await this.#guarded(term, signal, () => this.#dispatchAll(term));
        await signal.wait(this.#sleepMs(dueInMs));
      }
    } finally {
      unwatch();
      this.#signal = undefined;
      this.#lastProgressMs = undefined;
    }
  }

  #sleepMs(dueInMs: number | undefined): number {
    const { schedulerIntervalMs } = this.#context.options;
    return dueInMs === undefined || dueInMs < 0
      ? schedulerIntervalMs
      : Math.min(schedulerIntervalMs, dueInMs);
  }

  /** Dispatches until nothing is left to do; returns the time until the next due task or tag (ms, -1: none). */
  async #dispatchAll(term: LeadershipTerm): Promise<number> {
    const { options, scripts } = this.#context;
    const maxDataBytes = longestTaskDataBytes(options);
    const args = [
      options.maxBatchSize,
      maxIdsPerDispatch,
      maxBytesPerDispatch,
      maxDataBytes,
      options.maxTagBytes,
    ];
    while (!term.signal.aborted && this.#enabled) {
      const sentAt = this.#clock.nowMs();
      const reply = await scripts.run('dispatch', { caller: term.lockValue, args });
      this.#instruments.dispatched(this.#clock.nowMs() - sentAt);
      const [, , more, dueInMs] = reply as DispatchReply;
      this.#lastProgressMs = this.#clock.nowMs();
      if (more === 0) return dueInMs;
    }
    this.#lastProgressMs = this.#clock.nowMs();
    return -1;
  }

  async #setLimits(term: LeadershipTerm): Promise<void> {
    const { default: limit, tags } = this.#context.options.identifyTagConcurrency;
    const args = [limit, ...Object.entries(tags).flat()];
    await this.#context.scripts.run('setLimits', { caller: term.lockValue, args });
  }

  /** A refusal ends the term; any other error is reported, and the leader tries again after a pause. */
  async #guarded<T>(
    term: LeadershipTerm,
    signal: DispatchSignal,
    step: () => Promise<T>,
  ): Promise<T | undefined> {
    while (!term.signal.aborted) {
      try {
        return await step();
      } catch (error) {
        if (error instanceof StaleLeaderError) {
          term.fenced();
          return undefined;
        }
        this.#onError(error);
        const queue = this.#context.options.pendingQueueName;
        this.#log.warn('schedulingFailed', { queue, error: errorName(error), retryInMs: retryMs });
        await signal.pause(retryMs);
      }
    }
    return undefined;
  }
}

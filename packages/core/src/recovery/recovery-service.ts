import { systemClock, type Clock } from '../domain/clock.js';
import type { LeadershipTerm, TermRunner } from '../election/leadership.interface.js';
import { StaleLeaderError, TaskNotFoundError, TaskStillRunningError } from '../errors/errors.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import { noNeighbours, type NeighbourSightings } from '../neighbours/neighbours.interface.js';
import { noInstruments, type Instruments } from '../observability/instruments.interface.js';
import type { QueueContext } from '../redis/queue-context.js';
import { scanHashes } from '../redis/scan.js';
import { BeatObserver, processDied, type SilentWorker } from './beat-observer.js';
import { RetrySchedule } from './retry-schedule.js';
import { isFaultOfOneWorker } from './worker-fault.js';

export interface RecoveryServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly clock?: Clock;
  readonly instruments?: Instruments;
  readonly neighbours?: NeighbourSightings;
}

/** A worker's last heartbeat can be as much older than the leader's sight of it: part of the second that recovery may take. */
const longestTickMs = 500;
const shortestTickMs = 20;
const retryMs = 500;
const metaSuffix = ':meta';

/**
 * The leader's watch over the workers: declares those dead whose heartbeat it has not seen change for the heartbeat timeout,
 * theirs or its own, whichever is longer, by its own clock, and at once those whose process a neighbour has seen dead; and
 * looks for worker queues that nobody owns. The protocol is described in RECOVERY.md.
 */
export class RecoveryService implements TermRunner {
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  readonly #neighbours: NeighbourSightings;

  constructor({
    context,
    log,
    onError,
    clock = systemClock,
    instruments = noInstruments,
    neighbours = noNeighbours,
  }: RecoveryServiceDependencies) {
    this.#instruments = instruments;
    this.#neighbours = neighbours;
    this.#context = context;
    this.#log = log;
    this.#onError = onError;
    this.#clock = clock;
  }

  /** The scan can take long in a large Redis; the watch does not wait for it. */
  async run(term: LeadershipTerm): Promise<void> {
    await Promise.all([this.#watchWorkers(term), this.#recoverOrphanQueues(term)]);
  }

  async #watchWorkers(term: LeadershipTerm): Promise<void> {
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#context.options;
    const observer = new BeatObserver(heartbeatTimeoutMs);
    const retries = new RetrySchedule();
    const tickMs = Math.min(longestTickMs, Math.max(shortestTickMs, Math.floor(heartbeatIntervalMs / 2)));
    const { hub, keys } = this.#context;
    let wake = (): void => undefined;
    const unwatch = hub.leaderWait.watch(keys.deaths, () => {
      wake();
    });
    while (!term.signal.aborted) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      await this.#guarded(term, () => this.#recoverSilentWorkers(term, observer, retries));
      const pauseMs = Math.min(tickMs, observer.msUntilSilent(this.#clock.nowMs()));
      await untilAborted(term.signal, pauseMs, woken);
    }
    unwatch();
  }

  /**
   * One scan per term: only a worker's end, or a hand in Redis, leaves such a queue, and most Redis hold much else. A queue
   * that could not be recovered is tried again by itself.
   */
  async #recoverOrphanQueues(term: LeadershipTerm): Promise<void> {
    const retries = new RetrySchedule();
    while (!term.signal.aborted) {
      if (await this.#guarded(term, () => this.#scanForOrphanQueues(term, retries))) break;
      await untilAborted(term.signal, retryMs);
    }
    while (!term.signal.aborted && retries.failed.length > 0) {
      await untilAborted(term.signal, retries.msUntilDue(this.#clock.nowMs()));
      await this.#guarded(term, () => this.#recoverIfOrphans(term, retries.failed, retries));
    }
  }

  /** A refusal ends the term; any other error is reported. @returns whether the step succeeded */
  async #guarded(term: LeadershipTerm, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (error instanceof StaleLeaderError) term.fenced();
      else this.#onError(error);
      return false;
    }
  }

  async #recoverSilentWorkers(
    term: LeadershipTerm,
    observer: BeatObserver,
    retries: RetrySchedule,
  ): Promise<void> {
    const { hub, keys } = this.#context;
    const beats = await hub.commands.hgetall(keys.beats);
    if (observer.hasNew(beats)) this.#neighbours.refresh();
    for (const silent of observer.observe(beats, this.#clock.nowMs())) {
      const { workerId } = silent;
      await this.#isolated(retries, workerId, async () => {
        const recovered = await this.#recover(term, silent);
        if (recovered === undefined) return;
        if (silent.beat === processDied) this.#log.warn('workerProcessDied', { workerId, recovered });
        else this.#log.warn('workerDeclaredDead', { workerId, recovered });
      });
    }
  }

  /** Worker queues that nobody owns: see below which. */
  async #scanForOrphanQueues(term: LeadershipTerm, retries: RetrySchedule): Promise<void> {
    const { hub, keys, options } = this.#context;
    const wanted = {
      prefix: keys.workerBase,
      suffix: metaSuffix,
      count: options.scanCount,
      signal: term.signal,
    };
    await this.#recoverIfOrphans(term, scanHashes(hub.commands, wanted), retries);
  }

  async #recoverIfOrphans(
    term: LeadershipTerm,
    metaKeys: Iterable<string> | AsyncIterable<string>,
    retries: RetrySchedule,
  ): Promise<void> {
    for await (const metaKey of metaKeys) {
      if (term.signal.aborted) return;
      await this.#isolated(retries, metaKey, () => this.#recoverIfOrphan(term, metaKey));
    }
  }

  /** If it is of a worker queue that is stamped with this pending queue, and no registered worker owns it. */
  async #recoverIfOrphan(term: LeadershipTerm, metaKey: string): Promise<void> {
    const { hub, keys } = this.#context;
    const workerId = metaKey.slice(keys.workerBase.length, -metaSuffix.length);
    // Another queue's name can begin like ours do; no worker's id has a colon.
    if (workerId.includes(':')) return;
    if ((await hub.commands.hget(metaKey, 'queue')) !== keys.base) return;
    if ((await hub.commands.hexists(keys.workerRegistry, workerId)) === 1) return;
    const recovered = await this.#recover(term, { workerId, beat: '', silentMs: 0 });
    if (recovered === undefined) return;
    this.#log.warn('orphanQueueRecovered', { workerQueue: metaKey.slice(0, -metaSuffix.length), recovered });
  }

  /** What is wrong with one worker does not keep the others from recovery. */
  async #isolated(retries: RetrySchedule, id: string, step: () => Promise<void>): Promise<void> {
    if (!retries.isDue(id, this.#clock.nowMs())) return;
    try {
      await step();
      retries.noteSuccess(id);
    } catch (error) {
      if (!isFaultOfOneWorker(error)) throw error;
      this.#onError(error);
      retries.noteFailure(id, this.#clock.nowMs());
    }
  }

  /** @returns how many tasks went back, or nothing where the worker lives, may live still, or is gone already */
  async #recover(
    term: LeadershipTerm,
    { workerId, beat, silentMs }: SilentWorker,
  ): Promise<number | undefined> {
    const { scripts, options } = this.#context;
    try {
      const args = [workerId, beat, options.maxCrashes, Math.floor(silentMs)];
      const count = (await scripts.run('recoverWorker', {
        caller: term.lockValue,
        args,
        context: { workerId },
      })) as number;
      this.#instruments.recovered(count);
      return count;
    } catch (error) {
      if (error instanceof TaskStillRunningError || error instanceof TaskNotFoundError) return undefined;
      throw error;
    }
  }
}

async function untilAborted(signal: AbortSignal, ms: number, woken?: Promise<void>): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    void woken?.then(done);
  });
}

import { systemClock, type Clock } from '../domain/clock.js';
import type { LeadershipTerm, TermRunner } from '../election/leadership.interface.js';
import { StaleLeaderError, TaskNotFoundError, TaskStillRunningError } from '../errors/errors.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import { noInstruments, type Instruments } from '../observability/instruments.interface.js';
import type { QueueContext } from '../redis/queue-context.js';
import { scanKeys } from '../redis/scan.js';
import { BeatObserver } from './beat-observer.js';

export interface RecoveryServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly clock?: Clock;
  readonly instruments?: Instruments;
}

/** A worker's last heartbeat can be as much older than the leader's sight of it: part of the second that recovery may take. */
const longestTickMs = 500;
const shortestTickMs = 20;
const retryMs = 500;

/**
 * The leader's watch over the workers: declares those dead whose heartbeat it has not seen change for the heartbeat timeout
 * by its own clock, and looks for worker queues that nobody owns. The protocol is described in RECOVERY.md.
 */
export class RecoveryService implements TermRunner {
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #instruments: Instruments;

  constructor({
    context,
    log,
    onError,
    clock = systemClock,
    instruments = noInstruments,
  }: RecoveryServiceDependencies) {
    this.#instruments = instruments;
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
    const tickMs = Math.min(longestTickMs, Math.max(shortestTickMs, Math.floor(heartbeatIntervalMs / 2)));
    while (!term.signal.aborted) {
      await this.#guarded(term, () => this.#recoverSilentWorkers(term, observer));
      await untilAborted(term.signal, Math.min(tickMs, observer.msUntilSilent(this.#clock.nowMs())));
    }
  }

  /** Once per term: only a worker's end, or a hand in Redis, leaves such a queue, and most Redis hold much else. */
  async #recoverOrphanQueues(term: LeadershipTerm): Promise<void> {
    while (!term.signal.aborted) {
      if (await this.#guarded(term, () => this.#scanForOrphanQueues(term))) return;
      await untilAborted(term.signal, retryMs);
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

  async #recoverSilentWorkers(term: LeadershipTerm, observer: BeatObserver): Promise<void> {
    const { hub, keys } = this.#context;
    const beats = await hub.commands.hgetall(keys.beats);
    for (const { workerId, beat } of observer.observe(beats, this.#clock.nowMs())) {
      const recovered = await this.#recover(term, workerId, beat);
      if (recovered !== undefined) this.#log.warn('workerDeclaredDead', { workerId, recovered });
    }
  }

  /** Worker queues stamped with this pending queue that no registered worker owns. */
  async #scanForOrphanQueues(term: LeadershipTerm): Promise<void> {
    const { hub, keys, options } = this.#context;
    const suffix = ':meta';
    const wanted = { prefix: keys.workerBase, suffix, count: options.scanCount };
    for await (const key of scanKeys(hub.commands, wanted)) {
      if (term.signal.aborted) return;
      const workerId = key.slice(keys.workerBase.length, -suffix.length);
      if ((await hub.commands.hget(key, 'queue')) !== keys.base) continue;
      if ((await hub.commands.hexists(keys.workerRegistry, workerId)) === 1) continue;
      const recovered = await this.#recover(term, workerId, '');
      if (recovered === undefined) continue;
      this.#log.warn('orphanQueueRecovered', { workerQueue: key.slice(0, -suffix.length), recovered });
    }
  }

  /** @returns how many tasks went back, or nothing where the worker lives or is gone already */
  async #recover(term: LeadershipTerm, workerId: string, beat: string): Promise<number | undefined> {
    const { scripts, options } = this.#context;
    try {
      const args = [workerId, beat, options.maxCrashes];
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

async function untilAborted(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

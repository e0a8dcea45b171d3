import { hostname } from 'node:os';
import type { Clock } from '../domain/clock.js';
import type { WorkerState } from '../domain/worker-state.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import { noInstruments, type Instruments } from '../observability/instruments.interface.js';
import type { QueueContext } from '../redis/queue-context.js';
import { decodeBeatReply } from './beat-reply.js';
import { Completions } from './completions.js';
import { Heartbeat } from './heartbeat.js';
import { settlesWithin } from './settles-within.js';
import type { TagHookRegistry } from './tag-hooks/tag-hook-registry.js';
import type { TaskRunner } from './task-runner.js';
import { abortGraceMs, WorkerLane } from './worker-lane.js';

export interface PoolDependencies {
  readonly context: QueueContext;
  readonly runner: TaskRunner;
  readonly hooks: TagHookRegistry;
  readonly log: QueueLog;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Told at every heartbeat how long the election lock still lasts (ms; -2: no leader, -1: no expiry). */
  readonly onLockSeen: (lockTtlMs: number) => void;
  readonly instruments?: Instruments;
}

/** Why a worker may not run tasks any more. */
type Loss = 'declared-dead' | 'lease-over' | 'ended';

const lossReasons: Readonly<Record<Loss, string>> = {
  'declared-dead': 'it was declared dead',
  'lease-over': 'no heartbeat got through in time',
  ended: 'it takes nothing any more',
};

/** A retirement or registration that did not reach Redis is tried again after this long. */
const retryMs = 500;

/**
 * The workers of one queue in this instance.
 *
 * A worker that Redis does not know any more, or for which no heartbeat got through for as long as its lease lasts, aborts
 * its handler, discards its result, and another one with a new id joins in its place. What it held goes back when its
 * handler has ended; or the leader puts it back, when the worker has been silent for long enough.
 */
export class WorkerPool {
  /** The workers that may run tasks. */
  readonly #lanes = new Set<WorkerLane>();
  /** What still goes on for workers that lost their lease, and for those that take their places. */
  readonly #changes = new Set<Promise<void>>();
  readonly #heartbeat: Heartbeat;
  readonly #completions: Completions;
  /** End what waits and need not when the pool stops. */
  readonly #wakeUps = new Set<() => void>();
  #leaseTimer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** By `performance.now()`. */
  #stoppingSince = 0;
  /** All workers are meant to be there. */
  #complete = false;

  constructor(private readonly dependencies: PoolDependencies) {
    const { context, onError, instruments = noInstruments } = dependencies;
    this.#completions = new Completions(context, onError);
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = context.options;
    // A lease survives a lost heartbeat, however the two times were chosen.
    const intervalMs = Math.min(heartbeatIntervalMs, heartbeatTimeoutMs / 3);
    const onBeat = (delayMs: number): void => {
      instruments.beat(delayMs);
    };
    this.#heartbeat = new Heartbeat(intervalMs, () => this.#beat(), onError, onBeat);
  }

  get states(): WorkerState[] {
    return [...this.#lanes].map((lane) => lane.state);
  }

  /** Whether all workers may run tasks: those that lost their lease, and have no successor yet, count too. */
  get hasLease(): boolean {
    const { clock, context } = this.dependencies;
    if (this.#complete && this.#lanes.size < context.options.workerCount) return false;
    const now = clock.nowMs();
    return [...this.#lanes].every((lane) => lane.lease.isOpen(now));
  }

  async start(): Promise<void> {
    const { context, onError } = this.dependencies;
    this.#stopping = false;
    this.#heartbeat.start();
    const lanes = Array.from({ length: context.options.workerCount }, () => this.#newLane());
    const joins = await Promise.allSettled(lanes.map((lane) => this.#join(lane)));
    const failure = joins.find((join) => join.status === 'rejected');
    if (failure === undefined) {
      this.#complete = true;
      return;
    }
    await this.stop();
    // A registration whose reply did not come may still have happened.
    await Promise.all(lanes.map((lane) => lane.retire().catch(onError)));
    throw failure.reason;
  }

  /** Returns when no worker is left, and nothing of the pool goes on. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stoppingSince = performance.now();
    this.#complete = false;
    for (const wakeUp of this.#wakeUps) wakeUp();
    await Promise.all([...this.#lanes].map((lane) => this.#stopLane(lane)));
    while (this.#changes.size > 0) await Promise.all(this.#changes);
    this.#heartbeat.stop();
    clearTimeout(this.#leaseTimer);
  }

  #newLane(): WorkerLane {
    const { dependencies } = this;
    return new WorkerLane(dependencies.context.hub.workers.nextWorkerId(), {
      ...dependencies,
      completions: this.#completions,
      onLeaseOver: (lane) => {
        this.#replace(lane, 'lease-over');
      },
      onFenced: (lane) => {
        this.#replace(lane, 'declared-dead');
      },
      onEnded: (lane) => {
        this.#replace(lane, 'ended');
      },
    });
  }

  async #join(lane: WorkerLane): Promise<void> {
    const { context, clock } = this.dependencies;
    // Listens before it is registered: a tag can be bound to it at once.
    context.hub.workers.add(lane.workerId, lane);
    const sentAt = clock.nowMs();
    try {
      await lane.register(hostname());
    } catch (error) {
      context.hub.workers.remove(lane.workerId);
      throw error;
    }
    lane.lease.renewed(sentAt);
    this.#lanes.add(lane);
    lane.run();
    this.#watchLeases();
  }

  async #stopLane(lane: WorkerLane): Promise<void> {
    const { context, log } = this.dependencies;
    const { shutdownTimeoutMs: timeoutMs, pendingQueueName: queue } = context.options;
    const wasIdle = !lane.isRunningTask;
    const inTime = await lane.stop(timeoutMs);
    // It can have lost its lease meanwhile; then it is given back already.
    if (!this.#lanes.delete(lane)) return;
    const handedBack = await this.#retire(lane, wasIdle ? this.#stoppingSince : performance.now());
    if (!inTime) log.warn('shutdownTimedOut', { queue, timeoutMs, handedBack });
  }

  /** Puts a fresh worker in the place of one that may not run tasks any more. */
  #replace(lane: WorkerLane, loss: Loss): void {
    if (!this.#lanes.delete(lane)) return;
    const { log } = this.dependencies;
    const { workerId } = lane;
    lane.abandon(lossReasons[loss]);
    if (loss === 'lease-over') log.warn('workerLeaseOver', { workerId });
    this.#track(this.#handBack(lane));
    if (this.#stopping) return;
    const successor = this.#newLane();
    if (loss === 'declared-dead') log.warn('workerFenced', { workerId, newWorkerId: successor.workerId });
    this.#track(this.#takeOver(successor));
  }

  #track(change: Promise<void>): void {
    const tracked = change.catch((error: unknown) => {
      this.dependencies.onError(error);
    });
    this.#changes.add(tracked);
    void tracked.finally(() => this.#changes.delete(tracked));
  }

  /** Once its handler has ended. A handler that ignores its signal holds a stop up for a moment only. */
  async #handBack(lane: WorkerLane): Promise<void> {
    const settled = lane.whenSettled();
    await this.#untilStopping((wakeUp) => {
      void settled.then(wakeUp);
    });
    if (this.#stopping) await settlesWithin(settled, abortGraceMs);
    await this.#retire(lane);
  }

  async #takeOver(lane: WorkerLane): Promise<void> {
    let tried = false;
    while (!this.#stopping) {
      tried = true;
      try {
        await this.#join(lane);
        if (this.#stopping) await this.#stopLane(lane);
        return;
      } catch (error) {
        this.dependencies.onError(error);
        await this.#pause();
      }
    }
    // A registration whose reply did not come may still have happened.
    if (tried) await this.#retire(lane);
  }

  /**
   * @param since - of a worker that ran a task when the pool stopped, when that had ended
   * @returns how many tasks went back; 0 also where the leader was faster, or Redis stayed away until the pool stopped
   */
  async #retire(lane: WorkerLane, since?: number): Promise<number> {
    const { context, onError } = this.dependencies;
    try {
      for (;;) {
        try {
          return await this.#retireOnce(lane, since);
        } catch (error) {
          onError(error);
          if (this.#stopping) return 0;
          await this.#pause();
        }
      }
    } finally {
      context.hub.workers.remove(lane.workerId);
    }
  }

  /** Everything that a stop sends gets one `commandTimeout` together. */
  async #retireOnce(lane: WorkerLane, since = this.#stoppingSince): Promise<number> {
    if (!this.#stopping) return lane.retire();
    const { commandTimeoutMs } = this.dependencies.context.hub;
    return lane.retireWithin(Math.max(0, since + commandTimeoutMs - performance.now()));
  }

  async #pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.#untilStopping((wakeUp) => {
      timer = setTimeout(wakeUp, retryMs);
    });
    clearTimeout(timer);
  }

  /** Waits for `wakeUp` to be called, or for the pool to stop. */
  async #untilStopping(begin: (wakeUp: () => void) => void): Promise<void> {
    if (this.#stopping) return;
    await new Promise<void>((resolve) => {
      const wakeUp = (): void => {
        this.#wakeUps.delete(wakeUp);
        resolve();
      };
      this.#wakeUps.add(wakeUp);
      begin(wakeUp);
    });
  }

  async #beat(): Promise<void> {
    const lanes = [...this.#lanes];
    if (lanes.length === 0) return;
    const { context, clock, onLockSeen } = this.dependencies;
    const host = hostname();
    const args = lanes.flatMap((lane) => [lane.workerId, lane.isRunningTask ? 1 : 0, lane.describe(host)]);
    const sentAt = clock.nowMs();
    const reply = await context.scripts.run('beat', { caller: context.nodeId, args });
    const { fenced, stuck, lockTtlMs, cancelled } = decodeBeatReply(reply);
    for (const lane of lanes) {
      if (fenced.includes(lane.workerId)) {
        this.#replace(lane, 'declared-dead');
        continue;
      }
      lane.lease.renewed(sentAt);
      if (stuck.includes(lane.workerId)) lane.wake();
    }
    for (const attempt of cancelled) {
      lanes.find(({ workerId }) => workerId === attempt.workerId)?.cancel(attempt);
    }
    this.#watchLeases();
    onLockSeen(lockTtlMs);
  }

  /** Sleeps until the first lease is over. */
  #watchLeases(): void {
    clearTimeout(this.#leaseTimer);
    if (this.#lanes.size === 0) return;
    const now = this.dependencies.clock.nowMs();
    const remaining = [...this.#lanes].map((lane) => lane.lease.remainingMs(now));
    this.#leaseTimer = setTimeout(
      () => {
        this.#endLeases();
      },
      Math.min(...remaining) + 1,
    );
  }

  #endLeases(): void {
    const now = this.dependencies.clock.nowMs();
    for (const lane of [...this.#lanes]) {
      if (!lane.lease.isOpen(now)) this.#replace(lane, 'lease-over');
    }
    this.#watchLeases();
  }
}

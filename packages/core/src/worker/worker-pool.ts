import { hostname } from 'node:os';
import type { Clock } from '../domain/clock.js';
import { TrustWindow } from '../domain/trust-window.js';
import type { WorkerState } from '../domain/worker-state.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { Heartbeat } from './heartbeat.js';
import type { TaskRunner } from './task-runner.js';
import { WorkerLane } from './worker-lane.js';

export interface PoolDependencies {
  readonly context: QueueContext;
  readonly runner: TaskRunner;
  readonly log: QueueLog;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Told at every heartbeat how long the election lock still lasts (ms; -2: no leader, -1: no expiry). */
  readonly onLockSeen: (lockTtlMs: number) => void;
}

type BeatReply = [fenced: string[], stuck: string[], lockTtlMs: number];

/** A retirement or registration that did not reach Redis is tried again after this long. */
const retryMs = 500;

/**
 * The workers of one queue in this instance and the lease that they share.
 *
 * A worker that Redis does not know any more, or all of them once no heartbeat got through for the trust window, abort
 * their handlers, discard their results and join again under new ids. The lease ends here before a leader may declare the
 * workers dead.
 */
export class WorkerPool {
  readonly #lanes = new Set<WorkerLane>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #heartbeat: Heartbeat;
  #trust: TrustWindow;
  #trustTimer: NodeJS.Timeout | undefined;
  #retryTimers = new Set<() => void>();
  #running = false;

  constructor(private readonly dependencies: PoolDependencies) {
    const { context, onError } = dependencies;
    this.#trust = new TrustWindow(context.options.heartbeatTimeoutMs);
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = context.options;
    this.#heartbeat = new Heartbeat(Math.min(heartbeatIntervalMs, heartbeatTimeoutMs / 3), () => this.#beat(), onError);
  }

  get states(): WorkerState[] {
    return [...this.#lanes].map((lane) => lane.state);
  }

  get hasLease(): boolean {
    return this.#lanes.size === 0 || this.#trust.isOpen(this.dependencies.clock.nowMs());
  }

  async start(): Promise<void> {
    const { context, clock } = this.dependencies;
    this.#running = true;
    this.#trust = new TrustWindow(context.options.heartbeatTimeoutMs);
    const sentAt = clock.nowMs();
    try {
      await Promise.all(Array.from({ length: context.options.workerCount }, () => this.#join()));
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#renewed(sentAt);
    this.#heartbeat.start();
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const retryNow of this.#retryTimers) retryNow();
    await Promise.all([...this.#lanes].map((lane) => this.#stopLane(lane)));
    await Promise.all(this.#leaving);
    this.#heartbeat.stop();
    clearTimeout(this.#trustTimer);
  }

  async #join(): Promise<void> {
    const { context, runner, log, onError } = this.dependencies;
    const lane = new WorkerLane(context.hub.workers.nextWorkerId(), context, runner, log, {
      onFenced: (fenced) => {
        this.#replace(fenced, 'it was declared dead');
      },
      onError,
    });
    // Listens before it is registered: a tag can be bound to it at once.
    context.hub.workers.add(lane.workerId, lane);
    try {
      await lane.register(hostname());
    } catch (error) {
      context.hub.workers.remove(lane.workerId);
      throw error;
    }
    this.#lanes.add(lane);
    lane.run();
  }

  async #stopLane(lane: WorkerLane): Promise<void> {
    const { context, log } = this.dependencies;
    const { shutdownTimeoutMs: timeoutMs, pendingQueueName: queue } = context.options;
    const inTime = await lane.stop(timeoutMs);
    this.#lanes.delete(lane);
    const handedBack = await this.#retire(lane);
    if (!inTime) log.warn('shutdownTimedOut', { queue, timeoutMs, handedBack });
  }

  /** Puts a fresh worker in the place of one that lost its lease. */
  #replace(lane: WorkerLane, reason: string): void {
    if (!this.#lanes.delete(lane)) return;
    lane.abandon(reason);
    this.dependencies.log.warn('workerLeaseOver', { workerId: lane.workerId });
    // Its tasks go back when its handler has ended, or, by the leader, when it has been silent for long enough.
    this.#track(lane.whenSettled().then(() => this.#retire(lane)));
    this.#track(this.#rejoin());
  }

  #track(leaving: Promise<unknown>): void {
    const tracked = leaving.then(
      () => undefined,
      (error: unknown) => {
        this.dependencies.onError(error);
      },
    );
    this.#leaving.add(tracked);
    void tracked.finally(() => this.#leaving.delete(tracked));
  }

  async #rejoin(): Promise<void> {
    const { clock, onError, context } = this.dependencies;
    while (this.#running) {
      try {
        const sentAt = clock.nowMs();
        await this.#join();
        if (!this.#trust.isOpen(clock.nowMs())) this.#trust = new TrustWindow(context.options.heartbeatTimeoutMs);
        this.#renewed(sentAt);
        return;
      } catch (error) {
        onError(error);
        await this.#pause();
      }
    }
  }

  /** @returns how many tasks went back; 0 also where the leader was faster, or Redis stayed away until the pool stopped */
  async #retire(lane: WorkerLane): Promise<number> {
    const { context, onError } = this.dependencies;
    try {
      for (;;) {
        try {
          return await lane.retire();
        } catch (error) {
          onError(error);
          if (!this.#running) return 0;
          await this.#pause();
        }
      }
    } finally {
      context.hub.workers.remove(lane.workerId);
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#retryTimers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, retryMs);
      this.#retryTimers.add(done);
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
    const [fenced, stuck, lockTtlMs] = reply as BeatReply;
    this.#renewed(sentAt);
    for (const lane of lanes) {
      if (fenced.includes(lane.workerId)) this.#replace(lane, 'it was declared dead');
      else if (stuck.includes(lane.workerId)) lane.wake();
    }
    onLockSeen(lockTtlMs);
  }

  #renewed(sentAt: number): void {
    this.#trust.renewed(sentAt);
    clearTimeout(this.#trustTimer);
    const remaining = this.#trust.remainingMs(this.dependencies.clock.nowMs());
    this.#trustTimer = setTimeout(() => {
      this.#checkTrust();
    }, remaining + 1);
  }

  #checkTrust(): void {
    if (this.#trust.isOpen(this.dependencies.clock.nowMs())) return;
    for (const lane of [...this.#lanes]) this.#replace(lane, 'no heartbeat got through in time');
  }
}

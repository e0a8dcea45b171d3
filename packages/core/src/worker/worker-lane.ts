import type { CompletionGroup } from '../bullmq/completion-group.js';
import type { Clock } from '../domain/clock.js';
import type { ReleaseReason } from '../domain/release-reason.js';
import { TrustWindow } from '../domain/trust-window.js';
import type { WorkerState } from '../domain/worker-state.js';
import { LeaseLostError, WorkerFencedError } from '../errors/errors.js';
import { errorName, type QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { CancelledAttempt } from '../redis/worker-marker.js';
import { settlesWithin } from './settles-within.js';
import { LaneBindings } from './tag-hooks/lane-bindings.js';
import type { TagHookRegistry } from './tag-hooks/tag-hook-registry.js';
import { TaskLoop } from './task-loop.js';
import type { TaskRunner } from './task-runner.js';

export interface LaneDependencies {
  readonly context: QueueContext;
  readonly runner: TaskRunner;
  readonly hooks: TagHookRegistry;
  readonly completions: CompletionGroup;
  readonly log: QueueLog;
  readonly clock: Clock;
  /** The lease was over when a task was to begin. */
  readonly onLeaseOver: (lane: WorkerLane) => void;
  /** The worker is not registered any more, by the word of Redis. */
  readonly onFenced: (lane: WorkerLane) => void;
  /** The worker takes nothing any more although nobody stopped it. */
  readonly onEnded: (lane: WorkerLane) => void;
  readonly onError: (error: unknown) => void;
}

/** How long a handler that was aborted may take to end before its task is given back regardless. */
export const abortGraceMs = 1_000;

/** One worker: a serial lane with an id of its own, from registration to retirement. */
export class WorkerLane {
  /** Until when the worker may run tasks without another heartbeat. It ends before the leader may declare the worker dead. */
  readonly lease: TrustWindow;
  readonly #dependencies: LaneDependencies;
  readonly #loop: TaskLoop;
  readonly #startTime = Date.now();
  #running: Promise<void> | undefined;

  constructor(
    readonly workerId: string,
    dependencies: LaneDependencies,
  ) {
    this.#dependencies = dependencies;
    this.lease = new TrustWindow(dependencies.context.options.heartbeatTimeoutMs);
    this.#loop = new TaskLoop(workerId, {
      ...dependencies,
      bindings: this.#createBindings(),
      mayBegin: () => this.#mayBegin(),
      onFenced: () => {
        dependencies.onFenced(this);
      },
    });
  }

  get isRunningTask(): boolean {
    return this.#loop.isRunningTask;
  }

  get state(): WorkerState {
    const { batch } = this.#loop;
    return {
      workerId: this.workerId,
      status: batch ? 'running' : 'idle',
      currentIdentifyTag: batch?.identifyTag ?? null,
      currentBatchSize: batch?.size ?? 0,
    };
  }

  /** The entry in the registry. */
  describe(hostname: string): string {
    const { context, runner } = this.#dependencies;
    return JSON.stringify({
      workerId: this.workerId,
      nodeId: context.nodeId,
      hostname,
      processId: process.pid,
      startTime: this.#startTime,
      lastHeartbeat: Date.now(),
      types: runner.types,
    });
  }

  /** Registers the worker; tasks can be bound to it from now on. May be tried again when it failed. */
  async register(hostname: string): Promise<void> {
    const { context, log } = this.#dependencies;
    const { scripts, hub, keys, nodeId, options } = context;
    await scripts.run('registerWorker', {
      caller: this.workerId,
      args: [
        keys.layout,
        nodeId,
        hub.workers.key,
        keys.workerState(this.workerId),
        this.describe(hostname),
        options.heartbeatTimeoutMs,
      ],
      context: {
        workerId: this.workerId,
        queueName: options.pendingQueueName,
        layoutExpected: keys.layout,
      },
    });
    log.info('workerRegistered', { workerId: this.workerId });
  }

  /** Takes and runs tasks until the lane is stopped or abandoned. */
  run(): void {
    if (this.#running) return;
    const ended = (error?: unknown): void => {
      if (this.#loop.isOver) return;
      const { onError, onEnded } = this.#dependencies;
      onError(error ?? new Error(`Worker ${this.workerId} stopped by itself`));
      onEnded(this);
    };
    this.#running = this.#loop.run().then(ended, ended);
  }

  wake(): void {
    this.#loop.wake();
  }

  cancel(cancelled: CancelledAttempt): void {
    this.#loop.cancel(cancelled);
  }

  /**
   * Takes nothing new and waits for the running task, at most so long; then its handler is aborted and has a little time to
   * end.
   *
   * @returns whether no task had to be aborted
   */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#loop.stopTaking();
    if (await settlesWithin(Promise.all([this.#running, this.#leave()]), timeoutMs)) {
      this.#loop.close();
      return true;
    }
    const inTime = !this.isRunningTask;
    this.abandon('the shutdown took longer than shutdownTimeout', 'shutdown');
    await settlesWithin(this.whenSettled(), abortGraceMs);
    return inTime;
  }

  /** The lease is gone: the handler is aborted, its result discarded, and nothing is sent for this worker any more. */
  abandon(reason: string, endReason: ReleaseReason = 'lost'): void {
    if (this.#loop.isAbandoned) return;
    this.lease.close();
    this.#loop.abandon(new LeaseLostError({ holder: this.workerId, reason }), endReason);
  }

  /** Of a worker that was abandoned: resolves when no handler of it runs any more, and no hook. */
  async whenSettled(): Promise<void> {
    await this.#loop.whenSettled();
  }

  /** Gives back what the worker holds and removes its keys. */
  async retire(): Promise<number> {
    const { context, log } = this.#dependencies;
    const { workerId } = this;
    const count = (await context.scripts.run('retireWorker', { caller: workerId })) as number;
    if (count > 0) log.info('tasksHandedBack', { workerId, handedBack: count });
    log.info('workerRetired', { workerId });
    return count;
  }

  /**
   * As `retire`, and 0 when Redis has not answered in time: it has been sent all the same, and the leader gives back what did
   * not reach Redis.
   */
  async retireWithin(timeoutMs: number): Promise<number> {
    let handedBack = 0;
    const retiring = this.retire().then((count) => {
      handedBack = count;
    });
    if (!(await settlesWithin(retiring, timeoutMs))) retiring.catch(this.#dependencies.onError);
    return handedBack;
  }

  #createBindings(): LaneBindings {
    const { workerId } = this;
    const { context, hooks, log, onError } = this.#dependencies;
    const { name: queue, taskTimeoutMs: longestReleaseMs } = context.options;
    return new LaneBindings({
      hooks,
      queue,
      workerId,
      longestReleaseMs,
      checkLease: () => {
        this.#mayBegin();
      },
      onReleaseFailed: ({ identifyTag }, error) => {
        log.warn('tagReleaseFailed', { identifyTag, workerId, error: errorName(error) });
        onError(error);
      },
    });
  }

  /**
   * A process that was frozen reads what Redis had sent before its timers run: the next task, when that may have run
   * elsewhere already.
   */
  #mayBegin(): boolean {
    const { clock, onLeaseOver } = this.#dependencies;
    if (this.lease.isOpen(clock.nowMs())) return true;
    onLeaseOver(this);
    return false;
  }

  /** Nothing is bound to this worker any more, and its look-ahead goes back without waiting for the running task. */
  async #leave(): Promise<void> {
    const { context, onError } = this.#dependencies;
    const { workerId } = this;
    try {
      await context.scripts.run('leaveWorker', { caller: workerId, context: { workerId } });
    } catch (error) {
      // Retirement, or the leader, gives back later what this did not.
      if (!(error instanceof WorkerFencedError)) onError(error);
    }
  }
}

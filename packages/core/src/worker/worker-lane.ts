import type { Job, Worker } from 'bullmq';
import { createLaneWorker } from '../bullmq/queue-factory.js';
import type { WorkerLaneBackend } from '../bullmq/worker-lane-backend.js';
import { TrustWindow } from '../domain/trust-window.js';
import type { WorkerState } from '../domain/worker-state.js';
import { LeaseLostError, TaskCancelledError, WorkerFencedError } from '../errors/errors.js';
import { errorName, type QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { settlesWithin } from './settles-within.js';
import type { TaskRunner } from './task-runner.js';

export interface LaneEvents {
  /** The worker is not registered any more, by the word of Redis. */
  onFenced(lane: WorkerLane): void;
  /** The worker takes nothing any more although nobody stopped it. */
  onEnded(lane: WorkerLane): void;
  onError(error: unknown): void;
}

/** How long a handler that was aborted may take to end before its task is given back regardless. */
export const abortGraceMs = 1_000;

/** Below this mean duration a worker is given its next batch in advance. */
const shortTaskMs = 20;
/** Weight of the latest task in the mean. */
const meanWeight = 0.2;

/** One worker: a serial lane with an id of its own, from registration to retirement. */
export class WorkerLane {
  /** Until when the worker may run tasks without another heartbeat. It ends before the leader may declare the worker dead. */
  readonly lease: TrustWindow;
  readonly #worker: Worker;
  readonly #backend: WorkerLaneBackend;
  #started = false;
  #stopping = false;
  #abandoned: LeaseLostError | undefined;
  #task: { readonly id: string; readonly attempt: number; readonly controller: AbortController } | undefined;
  #cancelled: { readonly id: string; readonly attempt: number } | undefined;
  #settled: Promise<void> = Promise.resolve();
  #meanMs = Number.POSITIVE_INFINITY;
  #batch: { readonly identifyTag: string; readonly size: number } | undefined;
  readonly #startTime = Date.now();

  constructor(
    readonly workerId: string,
    private readonly context: QueueContext,
    private readonly runner: TaskRunner,
    private readonly log: QueueLog,
    private readonly events: LaneEvents,
  ) {
    this.lease = new TrustWindow(context.options.heartbeatTimeoutMs);
    const { worker, backend } = createLaneWorker(context, (job) => this.#process(job), {
      workerId,
      runsShortTasks: () => this.#meanMs < shortTaskMs,
      onFenced: () => {
        events.onFenced(this);
      },
      onError: (error) => {
        events.onError(error);
      },
    });
    this.#worker = worker;
    this.#backend = backend;
    worker.on('error', (error) => {
      events.onError(error);
    });
    worker.on('drained', () => {
      this.#batch = undefined;
    });
  }

  get isRunningTask(): boolean {
    return this.#task !== undefined;
  }

  get state(): WorkerState {
    return {
      workerId: this.workerId,
      status: this.#batch ? 'running' : 'idle',
      currentIdentifyTag: this.#batch?.identifyTag ?? null,
      currentBatchSize: this.#batch?.size ?? 0,
    };
  }

  /** The entry in the registry. */
  describe(hostname: string): string {
    const { nodeId } = this.context;
    return JSON.stringify({
      workerId: this.workerId,
      nodeId,
      hostname,
      processId: process.pid,
      startTime: this.#startTime,
      lastHeartbeat: Date.now(),
      types: this.runner.types,
    });
  }

  /** Registers the worker; tasks can be bound to it from now on. May be tried again when it failed. */
  async register(hostname: string): Promise<void> {
    const { scripts, hub, keys, nodeId, options } = this.context;
    await scripts.run('registerWorker', {
      caller: this.workerId,
      args: [keys.layout, nodeId, hub.workers.key, keys.workerState(this.workerId), this.describe(hostname)],
      context: {
        workerId: this.workerId,
        queueName: options.pendingQueueName,
        layoutExpected: keys.layout,
      },
    });
    this.log.info('workerRegistered', { workerId: this.workerId });
  }

  run(): void {
    if (this.#started) return;
    this.#started = true;
    const ended = (error?: unknown): void => {
      if (this.#stopping || this.#abandoned) return;
      this.events.onError(error ?? new Error(`Worker ${this.workerId} stopped by itself`));
      this.events.onEnded(this);
    };
    this.#worker.run().then(ended, ended);
  }

  wake(): void {
    this.#backend.wake();
  }

  /** The word can come before the task itself does: take and cancel arrive on different connections. */
  cancel(jobId: string, attempt: number): void {
    this.#cancelled = { id: jobId, attempt };
    if (this.#task?.id === jobId && this.#task.attempt === attempt) {
      this.#task.controller.abort(new TaskCancelledError({ jobId }));
    }
  }

  /**
   * Takes nothing new and waits for the running task, at most so long; then its handler is aborted and has a little time to
   * end.
   *
   * @returns whether no task had to be aborted
   */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#stopping = true;
    this.#backend.stopTaking();
    // Closing begins before anything is awaited: BullMQ's loop, which stopTaking has woken, must find that it has.
    const closed = this.#worker.close();
    if (await settlesWithin(Promise.all([closed, this.#leave()]), timeoutMs)) return true;
    const inTime = !this.isRunningTask;
    this.abandon('the shutdown took longer than shutdownTimeout');
    await settlesWithin(this.#settled, abortGraceMs);
    return inTime;
  }

  /** The lease is gone: the handler is aborted, its result discarded, and nothing is sent for this worker any more. */
  abandon(reason: string): void {
    if (this.#abandoned) return;
    const error = new LeaseLostError({ holder: this.workerId, reason });
    this.#abandoned = error;
    this.lease.close();
    this.#backend.abandon(error);
    this.#task?.controller.abort(error);
    this.#worker.close(true).catch((closeError: unknown) => {
      this.events.onError(closeError);
    });
  }

  /** Resolves when no handler of this worker runs any more. */
  async whenSettled(): Promise<void> {
    await this.#settled;
  }

  /** Gives back what the worker holds and removes its keys. */
  async retire(): Promise<number> {
    const count = (await this.context.scripts.run('retireWorker', { caller: this.workerId })) as number;
    if (count > 0) this.log.info('tasksHandedBack', { workerId: this.workerId, handedBack: count });
    this.log.info('workerRetired', { workerId: this.workerId });
    return count;
  }

  /** Nothing is bound to this worker any more, and its look-ahead goes back without waiting for the running task. */
  async #leave(): Promise<void> {
    try {
      await this.context.scripts.run('leaveWorker', {
        caller: this.workerId,
        context: { workerId: this.workerId },
      });
    } catch (error) {
      // Retirement, or the leader, gives back later what this did not.
      if (!(error instanceof WorkerFencedError)) this.events.onError(error);
    }
  }

  async #process(job: Job): Promise<unknown> {
    const attempt = this.#backend.current;
    if (attempt === undefined || attempt.id !== job.id) {
      throw new Error(`Worker ${this.workerId} was given a task that it has not taken`);
    }
    // Between take and here the lease can have ended, and the task may run elsewhere already.
    if (this.#abandoned) throw this.#abandoned;
    const controller = new AbortController();
    this.#task = { id: attempt.id, attempt: attempt.attempt, controller };
    if (this.#cancelled?.id === attempt.id) this.cancel(attempt.id, this.#cancelled.attempt);
    this.#batch = { identifyTag: attempt.identifyTag, size: attempt.batchSize };
    const { workerId } = this;
    const about = { jobId: attempt.id, type: job.name, workerId };
    const startedAt = performance.now();
    this.log.debug('taskStarted', { ...about, attempt: attempt.attempt });
    const running = this.runner.run(job, attempt, workerId, controller);
    this.#settled = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      const result = await running;
      if (this.#abandoned) this.log.warn('resultDiscarded', about);
      else
        this.log.debug('taskCompleted', { ...about, durationMs: Math.round(performance.now() - startedAt) });
      return result;
    } catch (error) {
      if (this.#abandoned) this.log.warn('resultDiscarded', about);
      else this.log.warn('taskFailed', { ...about, attempt: attempt.attempt, error: errorName(error) });
      throw error;
    } finally {
      this.#noteDuration(performance.now() - startedAt);
      this.#task = undefined;
    }
  }

  #noteDuration(ms: number): void {
    this.#meanMs = Number.isFinite(this.#meanMs) ? this.#meanMs + meanWeight * (ms - this.#meanMs) : ms;
  }
}

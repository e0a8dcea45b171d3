import { UnrecoverableError, type Job } from 'bullmq';
import type { CompletionGroup } from '../bullmq/completion-group.js';
import type { LaneWorker } from '../bullmq/lane-worker.js';
import { createLaneWorker } from '../bullmq/queue-factory.js';
import type { Taken, TakenTask } from '../bullmq/taken-task.js';
import type { WorkerLaneBackend } from '../bullmq/worker-lane-backend.js';
import { TrustWindow } from '../domain/trust-window.js';
import type { WorkerState } from '../domain/worker-state.js';
import { LeaseLostError, TaskCancelledError, WorkerFencedError } from '../errors/errors.js';
import { errorName, type QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { MeanDuration } from './mean-duration.js';
import { RunningTask } from './running-task.js';
import { settlesWithin } from './settles-within.js';
import type { TaskResult, TaskRunner } from './task-runner.js';

export interface LaneDependencies {
  readonly context: QueueContext;
  readonly runner: TaskRunner;
  readonly completions: CompletionGroup;
  readonly log: QueueLog;
  /** The worker is not registered any more, by the word of Redis. */
  readonly onFenced: (lane: WorkerLane) => void;
  /** The worker takes nothing any more although nobody stopped it. */
  readonly onEnded: (lane: WorkerLane) => void;
  readonly onError: (error: unknown) => void;
}

/** How long a handler that was aborted may take to end before its task is given back regardless. */
export const abortGraceMs = 1_000;

/** Before the next try after something went wrong that no other pause covers. */
const faultPauseMs = 100;
/** BullMQ's longest wait for a rate limit, which somebody may lift meanwhile. */
const longestLimitMs = 30_000;

/** One worker: a serial lane with an id of its own, from registration to retirement. */
export class WorkerLane {
  /** Until when the worker may run tasks without another heartbeat. It ends before the leader may declare the worker dead. */
  readonly lease: TrustWindow;
  readonly #dependencies: LaneDependencies;
  readonly #worker: LaneWorker;
  readonly #backend: WorkerLaneBackend;
  readonly #mean = new MeanDuration();
  readonly #startTime = Date.now();
  #loop: Promise<void> | undefined;
  #stopping = false;
  #abandoned: LeaseLostError | undefined;
  #task: RunningTask | undefined;
  #cancelled: { readonly id: string; readonly attempt: number } | undefined;
  #handling: Promise<unknown> | undefined;
  #batch: { readonly identifyTag: string; readonly size: number } | undefined;

  constructor(
    readonly workerId: string,
    dependencies: LaneDependencies,
  ) {
    const { context, completions, onFenced, onError } = dependencies;
    this.#dependencies = dependencies;
    this.lease = new TrustWindow(context.options.heartbeatTimeoutMs);
    const { worker, backend } = createLaneWorker(context, {
      workerId,
      completions,
      runsShortTasks: () => this.#mean.isShort,
      onFenced: () => {
        onFenced(this);
      },
      onError,
    });
    this.#worker = worker;
    this.#backend = backend;
    worker.on('error', (error) => {
      this.#report(error);
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
    const { nodeId } = this.#dependencies.context;
    return JSON.stringify({
      workerId: this.workerId,
      nodeId,
      hostname,
      processId: process.pid,
      startTime: this.#startTime,
      lastHeartbeat: Date.now(),
    });
  }

  /** Registers the worker; tasks can be bound to it from now on. May be tried again when it failed. */
  async register(hostname: string): Promise<void> {
    const { context, log } = this.#dependencies;
    const { scripts, hub, keys, nodeId, options } = context;
    await scripts.run('registerWorker', {
      caller: this.workerId,
      args: [keys.layout, nodeId, hub.workers.key, keys.workerState(this.workerId), this.describe(hostname)],
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
    if (this.#loop) return;
    const ended = (error?: unknown): void => {
      if (this.#isOver) return;
      const { onError, onEnded } = this.#dependencies;
      onError(error ?? new Error(`Worker ${this.workerId} stopped by itself`));
      onEnded(this);
    };
    this.#loop = this.#takeAndRun().then(ended, ended);
  }

  wake(): void {
    this.#backend.wake();
  }

  /** The word can come before the task itself does: take and cancel arrive on different connections. */
  cancel(jobId: string, attempt: number): void {
    this.#cancelled = { id: jobId, attempt };
    if (this.#task?.id === jobId && this.#task.attempt === attempt) {
      this.#task.abort(new TaskCancelledError({ jobId }));
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
    if (await settlesWithin(Promise.all([this.#loop, this.#leave()]), timeoutMs)) {
      this.#close();
      return true;
    }
    const inTime = !this.isRunningTask;
    this.abandon('the shutdown took longer than shutdownTimeout');
    await settlesWithin(this.whenSettled(), abortGraceMs);
    return inTime;
  }

  /** The lease is gone: the handler is aborted, its result discarded, and nothing is sent for this worker any more. */
  abandon(reason: string): void {
    if (this.#abandoned) return;
    const error = new LeaseLostError({ holder: this.workerId, reason });
    this.#abandoned = error;
    this.lease.close();
    this.#backend.abandon(error);
    this.#task?.abort(error);
    this.#close();
  }

  /** Resolves when no handler of this worker runs any more. */
  async whenSettled(): Promise<void> {
    await this.#handling?.catch(() => undefined);
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

  /** BullMQ holds nothing of ours open; this only ends its own timers. */
  #close(): void {
    this.#worker.close(true).catch(this.#dependencies.onError);
  }

  get #isOver(): boolean {
    return this.#stopping || this.#abandoned !== undefined;
  }

  /** Something went wrong with what is taken or runs. */
  #report(error: unknown): void {
    this.#backend.noteError(error);
    if (!this.#isOver) this.#dependencies.onError(error);
  }

  async #takeAndRun(): Promise<void> {
    let next: Taken | undefined;
    while (!this.#isOver) {
      try {
        const taken: Taken | undefined = next ?? (await this.#backend.take());
        next = undefined;
        // What was taken too late goes back when the worker retires.
        if (this.#isOver) return;
        if (taken?.task) next = await this.#runTask(taken.task);
        else if (taken) await this.#rest(taken.limitMs);
      } catch (error) {
        this.#report(error);
        await this.#backend.sleep(faultPauseMs);
      }
    }
  }

  async #rest(limitMs: number): Promise<void> {
    this.#batch = undefined;
    if (limitMs > 0) await this.#backend.sleep(Math.min(limitMs, longestLimitMs));
    else await this.#backend.untilWoken();
  }

  /** Runs a task and records its outcome. @returns what was taken with that, if anything */
  async #runTask(task: TakenTask): Promise<Taken | undefined> {
    const { workerId } = this;
    const running = new RunningTask(task, workerId, (taken) => this.#worker.jobOf(taken, workerId));
    if (!task.isPlain) {
      // What only BullMQ knows to do at the start: the next iteration of a scheduler, a failure in store.
      const job = await this.#worker.adopt(task, workerId);
      if (job === undefined || this.#isOver) return undefined;
      running.useJob(job);
    }
    // Data that are no JSON: the attempt cannot be begun.
    void running.data;
    this.#backend.begun();
    if (task.deferredFailure !== undefined) {
      await this.#settleFailure(new UnrecoverableError(task.deferredFailure), running.job);
      return undefined;
    }
    let result: TaskResult;
    try {
      result = await this.#handle(task, running);
    } catch (error) {
      await this.#settleFailure(error as Error, running.job);
      return undefined;
    }
    return this.#complete(task, running, result);
  }

  /** Calls the handler. */
  async #handle(task: TakenTask, running: RunningTask): Promise<TaskResult> {
    const { log, runner } = this.#dependencies;
    const { id, attempt, identifyTag, batchSize } = task;
    this.#task = running;
    if (this.#cancelled?.id === id) this.cancel(id, this.#cancelled.attempt);
    this.#batch = { identifyTag, size: batchSize };
    const about = { jobId: id, type: task.name, workerId: this.workerId };
    const startedAt = performance.now();
    log.debug('taskStarted', { ...about, attempt });
    try {
      const handling = runner.run(running);
      this.#handling = handling;
      const result = await handling;
      if (this.#abandoned) log.warn('resultDiscarded', about);
      else log.debug('taskCompleted', { ...about, durationMs: Math.round(performance.now() - startedAt) });
      return result;
    } catch (error) {
      if (this.#abandoned) log.warn('resultDiscarded', about);
      else log.warn('taskFailed', { ...about, attempt, error: errorName(error) });
      throw error;
    } finally {
      this.#mean.add(performance.now() - startedAt);
      this.#task = undefined;
    }
  }

  async #complete(
    task: TakenTask,
    running: RunningTask,
    { value, json }: TaskResult,
  ): Promise<Taken | undefined> {
    try {
      const reply = task.isPlain ? await this.#backend.complete(task.id, json) : 'not-plain';
      if (reply !== 'not-plain') return reply;
      await running.job.moveToCompleted(value, this.workerId, false);
    } catch (error) {
      this.#report(error);
      // BullMQ's objection to a completion, such as pending children, fails the attempt.
      await this.#settleFailure(error as Error, running.job);
    }
    return undefined;
  }

  async #settleFailure(error: Error, job: Job): Promise<void> {
    if (this.#abandoned) return;
    try {
      await this.#worker.settleFailure(error, job, this.workerId);
    } catch (failure) {
      this.#report(failure);
      return;
    }
    const { limitedForMs } = this.#worker;
    if (limitedForMs > 0) await this.#backend.sleep(Math.min(limitedForMs, longestLimitMs));
  }
}

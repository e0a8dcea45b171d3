import { UnrecoverableError, type Job } from 'bullmq';
import type { CompletionGroup } from '../bullmq/completion-group.js';
import type { LaneWorker } from '../bullmq/lane-worker.js';
import { createLaneWorker } from '../bullmq/queue-factory.js';
import type { Taken, TakenTask } from '../bullmq/taken-task.js';
import type { WorkerLaneBackend } from '../bullmq/worker-lane-backend.js';
import type { ReleaseReason } from '../domain/release-reason.js';
import { TaskCancelledError } from '../errors/errors.js';
import { errorName, type QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { CancelledAttempt } from '../redis/worker-marker.js';
import { MeanDuration } from './mean-duration.js';
import { RunningTask } from './running-task.js';
import type { LaneBindings } from './tag-hooks/lane-bindings.js';
import type { TaskResult, TaskRunner } from './task-runner.js';

export interface TaskLoopDependencies {
  readonly context: QueueContext;
  readonly runner: TaskRunner;
  readonly completions: CompletionGroup;
  /** What the hooks of the application have open for this worker. */
  readonly bindings: LaneBindings;
  readonly log: QueueLog;
  /** Whether the worker still has its lease; asked right before a task is begun. */
  readonly mayBegin: () => boolean;
  /** The worker is not registered any more, by the word of Redis. */
  readonly onFenced: () => void;
  readonly onError: (error: unknown) => void;
}

/** Before the next try after something went wrong that no other pause covers. */
const faultPauseMs = 100;
/** BullMQ's longest wait for a rate limit, which somebody may lift meanwhile. */
const longestLimitMs = 30_000;
/** What our scripts write as the reason (includes/dissolve.lua, includes/taskTag.lua). */
const poisonReason = /^poison task: .* (\d+) times$/;
const malformedPrefix = 'malformed task: ';

/**
 * Takes a task, runs it, records its outcome, and so on. Most outcomes are completions; they go to Redis with those of other
 * workers, and bring the next task. BullMQ's worker decides about the others, and about tasks that are more than plain.
 */
export class TaskLoop {
  readonly #dependencies: TaskLoopDependencies;
  readonly #worker: LaneWorker;
  readonly #backend: WorkerLaneBackend;
  readonly #mean = new MeanDuration();
  #stopping = false;
  #abandoned: Error | undefined;
  /** Why the batch ends that is open when nothing is taken any more. */
  #endReason: ReleaseReason = 'lost';
  #task: RunningTask | undefined;
  #cancelled: CancelledAttempt | undefined;
  #handling: Promise<unknown> | undefined;
  #batch: { readonly identifyTag: string; readonly size: number } | undefined;

  constructor(
    private readonly workerId: string,
    dependencies: TaskLoopDependencies,
  ) {
    const { context, completions, bindings, log, onFenced, onError } = dependencies;
    this.#dependencies = dependencies;
    const runsShortTasks = (): boolean => this.#mean.isShort;
    const maxWriteBytes = context.options.maxResultBytes;
    const onMalformed = (jobId: string): void => {
      log.warn('taskMalformed', { jobId });
    };
    const { worker, backend } = createLaneWorker(context, {
      workerId,
      maxWriteBytes,
      completions,
      runsShortTasks,
      holdsBatch: () => bindings.isOpen,
      beforeGivingBack: () => bindings.leave('retry'),
      onMalformed,
      onFenced,
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

  /** What the worker is bound to, as far as it knows. */
  get batch(): { readonly identifyTag: string; readonly size: number } | undefined {
    return this.#batch;
  }

  get isAbandoned(): boolean {
    return this.#abandoned !== undefined;
  }

  /** Whether nothing new is taken any more. */
  get isOver(): boolean {
    return this.#stopping || this.isAbandoned;
  }

  wake(): void {
    this.#backend.wake();
  }

  /** The word can come before the task itself does: take and cancel arrive on different connections. */
  cancel(cancelled: CancelledAttempt): void {
    this.#cancelled = cancelled;
    const { jobId, attempt, seq } = cancelled;
    const current = this.#task && this.#backend.current;
    if (current?.id === jobId && current.attempt === attempt && current.seq === seq) {
      this.#task?.abort(new TaskCancelledError({ jobId }));
    }
  }

  stopTaking(): void {
    this.#stopping = true;
    if (!this.isAbandoned) this.#endReason = 'shutdown';
    this.#backend.stopTaking();
  }

  /**
   * The handler is aborted, its result discarded, and nothing is sent any more.
   *
   * @param endReason - what this means for the batch
   */
  abandon(reason: Error, endReason: ReleaseReason): void {
    this.#abandoned = reason;
    this.#endReason = endReason;
    this.#backend.abandon(reason);
    this.#task?.abort(reason);
    this.close();
  }

  /** BullMQ holds nothing of ours open; this only ends its own timers. */
  close(): void {
    this.#worker.close(true).catch(this.#dependencies.onError);
  }

  /** Of a loop that was abandoned: resolves when no handler runs any more, however it ended, and no hook. */
  async whenSettled(): Promise<void> {
    await Promise.allSettled([this.#handling]);
    await this.#dependencies.bindings.leave(this.#endReason);
  }

  /** Something went wrong with what is taken or runs. */
  #report(error: unknown): void {
    this.#backend.noteError(error);
    if (!this.isOver) this.#dependencies.onError(error);
  }

  /** Takes and runs tasks until that is over. */
  async run(): Promise<void> {
    await this.#takeAndRun();
    await this.#dependencies.bindings.leave(this.#endReason);
  }

  async #takeAndRun(): Promise<void> {
    let next: Taken | undefined;
    while (!this.isOver) {
      try {
        const taken: Taken | undefined = next ?? (await this.#backend.take());
        next = undefined;
        // What was taken too late goes back when the worker retires.
        if (this.isOver) return;
        if (taken?.task !== undefined && !this.#dependencies.mayBegin()) return;
        if (taken?.task) next = await this.#runTask(taken.task);
        else if (taken?.batchOver) await this.#dependencies.bindings.leave(taken.batchOver);
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
    const running = new RunningTask(task, workerId, () => this.#worker.jobOf(task, workerId));
    if (!task.isPlain) {
      // What only BullMQ knows to do at the start: the next iteration of a scheduler, a failure in store.
      const job = await this.#worker.adopt(task, workerId);
      if (job === undefined || this.isOver || !this.#dependencies.mayBegin()) return undefined;
      running.useJob(job);
    }
    // Data that are no JSON: the attempt cannot be begun.
    void running.data;
    this.#backend.begun();
    if (task.deferredFailure !== undefined) {
      this.#sayNotRun(task, task.deferredFailure);
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

  /** A task that fails without being run. */
  #sayNotRun({ id: jobId, name: type, attempt }: TakenTask, reason: string): void {
    const { log } = this.#dependencies;
    const crashes = poisonReason.exec(reason)?.[1];
    if (crashes !== undefined) log.warn('taskPoisonous', { jobId, crashes: Number(crashes) });
    else if (reason.startsWith(malformedPrefix)) log.warn('taskMalformed', { jobId });
    else log.warn('taskFailed', { jobId, type, workerId: this.workerId, attempt, error: 'not run' });
  }

  /** Calls the handler. */
  async #handle(task: TakenTask, running: RunningTask): Promise<TaskResult> {
    const { log, runner, bindings } = this.#dependencies;
    const { id, attempt, identifyTag, batchSize } = task;
    this.#task = running;
    if (this.#cancelled?.jobId === id) this.cancel(this.#cancelled);
    this.#batch = { identifyTag, size: batchSize };
    const { workerId } = this;
    const startedAt = performance.now();
    // No object spread where every task passes: in Node 20 each left some 200 bytes that only a full collection frees.
    log.debug('taskStarted', { jobId: id, type: task.name, workerId, attempt });
    try {
      const handling = runner.run(running, bindings.enter(task));
      this.#handling = handling;
      const result = await handling;
      const durationMs = performance.now() - startedAt;
      if (this.#abandoned) log.warn('resultDiscarded', { jobId: id, type: task.name, workerId });
      else
        log.debug('taskCompleted', {
          jobId: id,
          type: task.name,
          workerId,
          durationMs: Math.round(durationMs),
        });
      return result;
    } catch (error) {
      if (this.#abandoned) log.warn('resultDiscarded', { jobId: id, type: task.name, workerId });
      else log.warn('taskFailed', { jobId: id, type: task.name, workerId, attempt, error: errorName(error) });
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

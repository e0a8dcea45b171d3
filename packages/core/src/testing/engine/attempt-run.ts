import { UnrecoverableError, type Job } from 'bullmq';
import { TaskCancelledError, TaskTimeoutError } from '../../errors/errors.js';
import { RunningTask } from '../../worker/running-task.js';
import type { BoundTag } from '../../worker/tag-hooks/bound-tag.js';
import type { TaskRunner } from '../../worker/task-runner.js';
import type { TakenTask } from '../model/taking.js';
import type { TestClock } from '../test-clock.js';

/** How a handler ended. */
export type HandlerEnd = { readonly resultJson: string } | { readonly error: Error };

/** One attempt of a task while it runs. */
export class AttemptRun {
  readonly running: RunningTask;
  /** Resolves when it does not count any more how the handler ends. */
  readonly abandoned: Promise<void>;
  #abandon!: () => void;
  constructor(
    readonly taken: TakenTask,
    job: Job,
    workerId: string,
    private readonly bound: BoundTag | undefined,
  ) {
    const { task, attempt, batchPosition, fencingToken } = taken;
    const { jobId: id, identifyTag } = task;
    const runnable = { id, attempt, identifyTag, batchPosition, fencingToken, name: job.name, data: '' };
    this.running = new RunningTask(runnable, workerId, () => job);
    this.running.useJob(job);
    this.abandoned = new Promise((resolve) => (this.#abandon = resolve));
  }

  abandon(): void {
    this.#abandon();
  }

  /**
   * Runs the handler. Never rejects.
   *
   * @param taskTimeoutMs - by the clock of the test; 0: none
   */
  async run(runner: TaskRunner, clock: TestClock, taskTimeoutMs: number): Promise<HandlerEnd> {
    try {
      return { resultJson: await this.#run(runner, clock, taskTimeoutMs) };
    } catch (error) {
      return { error: error as Error };
    }
  }

  async #run(runner: TaskRunner, clock: TestClock, taskTimeoutMs: number): Promise<string> {
    const { task } = this.taken;
    if (task.deferredFailure !== undefined) throw new UnrecoverableError(task.deferredFailure);
    const result = runner.run(this.running, this.bound).then(({ json }) => json);
    if (taskTimeoutMs === 0) return result;
    let callOff = (): void => undefined;
    const expired = new Promise<never>((_, reject) => {
      callOff = clock.after(taskTimeoutMs, () => {
        const error = new TaskTimeoutError({ jobId: task.jobId, timeoutMs: taskTimeoutMs });
        this.running.abort(error);
        // A task that was cancelled before fails for good, however it ends.
        const { abortReason: reason } = this.running;
        reject(reason instanceof TaskCancelledError ? new UnrecoverableError(reason.message) : error);
      });
    });
    try {
      return await Promise.race([result, expired]);
    } finally {
      callOff();
    }
  }
}

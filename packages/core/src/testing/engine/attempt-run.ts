import { UnrecoverableError, type Job } from 'bullmq';
import type { CurrentAttempt } from '../../bullmq/attempt-ledger.js';
import { TaskCancelledError, TaskTimeoutError } from '../../errors/errors.js';
import type { TaskRunner } from '../../worker/task-runner.js';
import type { TakenTask } from '../model/taking.js';
import type { TestClock } from '../test-clock.js';

/** How a handler ended. */
export type HandlerEnd = { readonly result: unknown } | { readonly error: Error };

/** One attempt of a task while it runs. */
export class AttemptRun {
  /** Its signal is the handler's. */
  readonly controller = new AbortController();
  /** Resolves when it does not count any more how the handler ends. */
  readonly abandoned: Promise<void>;
  #abandon!: () => void;
  constructor(
    readonly taken: TakenTask,
    private readonly job: Job,
    private readonly workerId: string,
  ) {
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
      return { result: await this.#run(runner, clock, taskTimeoutMs) };
    } catch (error) {
      return { error: error as Error };
    }
  }

  async #run(runner: TaskRunner, clock: TestClock, taskTimeoutMs: number): Promise<unknown> {
    const { task } = this.taken;
    if (task.deferredFailure !== undefined) throw new UnrecoverableError(task.deferredFailure);
    const running = runner.run(this.job, this.#attempt(), this.workerId, this.controller);
    if (taskTimeoutMs === 0) return running;
    let callOff = (): void => undefined;
    const expired = new Promise<never>((_, reject) => {
      callOff = clock.after(taskTimeoutMs, () => {
        const error = new TaskTimeoutError({ jobId: task.jobId, timeoutMs: taskTimeoutMs });
        this.controller.abort(error);
        // A task that was cancelled before fails for good, however it ends.
        const { reason } = this.controller.signal as { reason: unknown };
        reject(reason instanceof TaskCancelledError ? new UnrecoverableError(reason.message) : error);
      });
    });
    try {
      return await Promise.race([running, expired]);
    } finally {
      callOff();
    }
  }

  #attempt(): CurrentAttempt {
    const { task, attempt, batchPosition, batchSize, fencingToken } = this.taken;
    const { jobId: id, identifyTag, opts } = task;
    const retryOrder = opts.retryOrder ?? 'block';
    return { id, attempt, identifyTag, batchPosition, batchSize, fencingToken, retryOrder };
  }
}

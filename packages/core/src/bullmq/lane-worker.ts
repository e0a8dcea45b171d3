import { Worker, type Job } from 'bullmq';
import { boundedError, keptStacks } from './bounded-failure.js';
import type { TakenTask } from './taken-task.js';

/**
 * BullMQ's Worker without its loop: what it knows about jobs (schedulers, flows, retries, special errors) serves the tasks
 * that need it. The lane takes, runs and completes tasks by itself.
 */
export class LaneWorker extends Worker {
  /** The Job of a taken task. */
  jobOf(task: TakenTask, token: string): Job {
    const job = this.createJob(task.toJobJson(), task.id);
    job.token = token;
    return job;
  }

  /** As `jobOf`; the next iteration of a task's scheduler is added. Nothing where that failed; it was reported then. */
  async adopt(task: TakenTask, token: string): Promise<Job | undefined> {
    return this.nextJobFromJobData(task.toJobJson(), task.id, token) as Promise<Job | undefined>;
  }

  /** What BullMQ does with an attempt that threw: fail, retry, delay, hand back, or nothing where the handler moved it. */
  async settleFailure(error: Error, job: Job, token: string): Promise<void> {
    // BullMQ keeps the stacks of all attempts.
    job.opts = { stackTraceLimit: keptStacks, ...job.opts };
    await this.handleFailed(boundedError(error), job, token, () => false);
  }

  /** How long the rate limit lasts that a handler asked for (BullMQ's RateLimitError). */
  get limitedForMs(): number {
    const { limitUntil } = this as unknown as { limitUntil: number };
    return Math.max(0, limitUntil - Date.now());
  }
}

import { Backoffs, UnrecoverableError, type MinimalJob } from 'bullmq';
import type { Outcome } from '../model/outcomes.js';
import type { TaskRecord } from '../model/task-record.js';

/** What follows from a failed attempt: BullMQ's rule, and BullMQ's back-offs. */
export async function afterFailure(task: TaskRecord, error: Error): Promise<Outcome> {
  const failure = { reason: error.message, stack: error.stack ?? '' };
  const { attempts = 1, backoff } = task.opts;
  const isFinal = error instanceof UnrecoverableError || error.name === 'UnrecoverableError';
  if (isFinal || task.attemptsMade + 1 >= attempts) return { type: 'failed', failure };
  const options = backoff === undefined ? undefined : Backoffs.normalize(backoff);
  const delayMs =
    options && (await Backoffs.calculate(options, task.attemptsMade + 1, error, {} as MinimalJob));
  return delayMs === -1 ? { type: 'failed', failure } : { type: 'retry', failure, delayMs: delayMs ?? 0 };
}

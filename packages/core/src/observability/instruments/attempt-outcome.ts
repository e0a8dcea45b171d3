import { UnrecoverableError } from 'bullmq';
import { LeaseLostError } from '../../errors/errors.js';
import type { AttemptOutcome, WatchedAttempt } from '../instruments.interface.js';

/** What a handler throws after it has put its task elsewhere itself; by name, as BullMQ compares them. */
const movedBy = new Set(['DelayedError', 'WaitingChildrenError', 'WaitingError', 'RateLimitError']);

/** @param failure - what the attempt threw, if it did */
export function outcomeOf(attempt: WatchedAttempt, failure?: { readonly error: unknown }): AttemptOutcome {
  if (attempt.abortReason instanceof LeaseLostError) return 'discarded';
  if (failure === undefined) return 'completed';
  const { error } = failure;
  if (error instanceof Error && movedBy.has(error.name)) return 'moved';
  const { job } = attempt;
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  return isLast || error instanceof UnrecoverableError ? 'failed' : 'retried';
}

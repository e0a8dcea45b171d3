import { randomBytes } from 'node:crypto';
import { reservedJobIds } from '../domain/job-id.js';
import { isWellFormed } from '../domain/text.js';

/**
 * A job id chosen by the client makes adding idempotent: when a reply is lost and ioredis sends the command again, the
 * second one finds the task. Sixteen characters, 84 random bits; the letter keeps it from ever being a number.
 */
export function newTaskId(): string {
  return `t${randomBytes(12).toString('base64url').slice(0, 15)}`;
}

/** Iterations of a job scheduler: `repeat:<scheduler id>:<due time in ms>`; the scheduler's own hash has no due time. */
const schedulerJobId = /^repeat:.+:\d+$/s;

/**
 * Whether a task can have this id, whoever added it. Anything else may name another key of the queue, which must not be read
 * or removed as if it were a task: `meta`, `events`, `<id>:logs`.
 */
export function canBeTaskId(jobId: unknown): jobId is string {
  if (typeof jobId !== 'string' || jobId === '' || !isWellFormed(jobId)) return false;
  if (!jobId.includes(':')) return !reservedJobIds.has(jobId);
  // BullMQ takes custom ids with exactly two colons.
  const [first = '', ...rest] = jobId.split(':');
  return schedulerJobId.test(jobId) || (rest.length === 2 && !reservedJobIds.has(first));
}

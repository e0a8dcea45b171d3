import { ReservedJobIdError } from '../errors/errors.js';
import { displayValue, isWellFormed, shorten, utf8Bytes } from './text.js';

/** Longest `jobId`, in bytes of UTF-8. */
export const maxJobIdBytes = 256;

/**
 * Names that a job id must not have. A job lives at `<prefix>:<queue>:<jobId>` with further keys below it, next to the
 * queue's own keys: a job called `meta` would be acknowledged and not exist.
 */
export const reservedJobIds: ReadonlySet<string> = new Set([
  // BullMQ's keys
  'active',
  'completed',
  'de',
  'delay',
  'delayed',
  'dn',
  'events',
  'failed',
  'id',
  'limiter',
  'marker',
  'meta',
  'metrics',
  'paused',
  'pc',
  'prioritized',
  'priority',
  'repeat',
  'stalled',
  'stalled-check',
  'wait',
  'waiting-children',
  // BullMQ takes this for an integer that could not be read.
  'NaN',
  // Our own keys lie below this one.
  'aff',
]);

/**
 * Checks a custom job id.
 *
 * @throws {@link ReservedJobIdError}
 */
export function assertValidJobId(jobId: unknown): asserts jobId is string {
  const reason = jobIdProblem(jobId);
  if (reason === undefined) return;
  throw new ReservedJobIdError({
    jobId: typeof jobId === 'string' ? shorten(jobId, maxJobIdBytes) : displayValue(jobId),
    reason,
  });
}

function jobIdProblem(jobId: unknown): string | undefined {
  if (typeof jobId !== 'string') return 'must be a string';
  if (jobId === '') return 'must not be empty';
  if (jobId.includes(':')) return "must not contain ':', which separates the parts of a Redis key";
  if (/^-?\d+$/.test(jobId)) return 'must not be an integer: BullMQ numbers its jobs itself';
  if (reservedJobIds.has(jobId)) return 'is reserved: the queue has a key of that name';
  if (!isWellFormed(jobId)) return 'is not well-formed text: it has half of a surrogate pair';
  const bytes = utf8Bytes(jobId);
  return bytes > maxJobIdBytes
    ? `has ${bytes} bytes, more than the ${maxJobIdBytes} that are allowed`
    : undefined;
}

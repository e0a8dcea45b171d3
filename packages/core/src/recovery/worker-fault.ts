import { AffinityQueueError } from '../errors/affinity-queue-error.js';
import { CommandTimeoutError, StaleLeaderError } from '../errors/errors.js';
import { isError } from '../errors/is-error.js';

/**
 * Whether an error says something about the one worker that was to be recovered: Redis answered, and refused or failed on
 * what it found. Any other one (no answer, no connection, a newer leader) would meet all workers.
 */
export function isFaultOfOneWorker(error: unknown): boolean {
  if (error instanceof CommandTimeoutError || error instanceof StaleLeaderError) return false;
  return error instanceof AffinityQueueError || (isError(error) && error.name === 'ReplyError');
}

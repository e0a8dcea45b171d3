import { randomBytes, randomInt } from 'node:crypto';
import { reservedJobIds } from '../domain/job-id.js';
import { isWellFormed } from '../domain/text.js';

/** In the order of their codes, so that the ids of a process sort in the order in which it made them. */
const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const capitals = digits.replace(/[^A-Z]/g, '');
const pairs = Array.from(digits, (first) => Array.from(digits, (second) => first + second)).flat();

/** Ids that no other process makes. */
export class TaskIds {
  #prefix = '';
  #made: number;

  constructor(private readonly idsPerPrefix = pairs.length ** 2) {
    this.#made = idsPerPrefix;
  }

  next(): string {
    if (this.#made === this.idsPerPrefix) {
      this.#prefix = randomPrefix();
      this.#made = 0;
    }
    const number = this.#made++;
    const high = pairs[Math.floor(number / pairs.length)] ?? '';
    return this.#prefix + high + (pairs[number % pairs.length] ?? '');
  }
}

/** A capital, so that no id is a number or a name of BullMQ (`stalled-check`), and 48 random bits. */
function randomPrefix(): string {
  return (capitals[randomInt(capitals.length)] ?? '') + randomBytes(6).toString('base64url');
}

const ids = new TaskIds();

/**
 * A job id chosen by the client makes adding idempotent: when a reply is lost and ioredis sends the command again, the second
 * one finds the task.
 *
 * Thirteen characters: nine that this process drew, and four that count. Redis keeps an id in up to three places; with one
 * character more, the list of a tag with ten tasks takes 32 bytes more.
 */
export function newTaskId(): string {
  return ids.next();
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

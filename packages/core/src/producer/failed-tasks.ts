import { isCount, isRecord } from '../domain/task-option-rules.js';
import { assertValidTag, decodeTaskData } from '../domain/task-data.js';
import { displayValue } from '../domain/text.js';
import { InvalidArgumentError, InvalidTaskError } from '../errors/errors.js';
import type { QueueContext } from '../redis/queue-context.js';

/** Which failed tasks `retryFailed` means; all that are given must match. @publicApi */
export interface RetryFilter {
  identifyTag?: string;
  type?: string;
  /** At most so many. */
  limit?: number;
}

/** A failed task, as the script lists it. */
export interface FailedTask {
  readonly jobId: string;
  readonly name: string;
  /** JSON; only read where the filter asks for a type. */
  readonly data: string;
  readonly finishedOn: number;
  /** Its place in the order in which tasks were taken in; decides between tasks that failed in the same millisecond. */
  readonly sequence: number;
}

const pageSize = 200;
const pageBytes = 1_000_000;

/** @throws {@link InvalidArgumentError}, {@link InvalidTaskError} for what cannot be a tag */
export function assertValidRetryFilter(filter: unknown, maxTagBytes: number): asserts filter is RetryFilter {
  if (!isRecord(filter)) {
    throw new InvalidArgumentError({ argument: 'filter', value: displayValue(filter), allowed: 'an object' });
  }
  const { identifyTag, type, limit, ...rest } = filter;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    const allowed = 'identifyTag, type, limit';
    throw new InvalidArgumentError({ argument: 'filter', value: displayValue(unknown), allowed });
  }
  if (identifyTag !== undefined) assertValidTag(identifyTag, maxTagBytes);
  if (type !== undefined && (typeof type !== 'string' || type === '')) {
    const allowed = 'a string that is not empty';
    throw new InvalidArgumentError({ argument: 'filter.type', value: displayValue(type), allowed });
  }
  if (limit !== undefined && limit !== Number.POSITIVE_INFINITY && !isCount(limit, 0)) {
    const allowed = 'a whole number, 0 or more';
    throw new InvalidArgumentError({ argument: 'filter.limit', value: displayValue(limit), allowed });
  }
}

/**
 * Retries the failed tasks that match, those that failed first come first. Ends also when tasks fail again meanwhile: it
 * looks at no more tasks than had failed when it began.
 *
 * @returns how many were retried
 */
export async function retryFailedTasks(
  { scripts }: QueueContext,
  filter: RetryFilter,
  failed: number,
): Promise<number> {
  const { identifyTag = '', type, limit = Number.POSITIVE_INFINITY } = filter;
  let retried = 0;
  let position = 0;
  for (let left = failed; left > 0 && retried < limit;) {
    const window = [position, Math.min(pageSize, left), pageBytes];
    const reply = await scripts.run('getFailedTasks', {
      args: [...window, identifyTag, type === undefined ? 0 : 1],
    });
    const { lookedAt, tasks } = decodeFailedTasks(reply);
    if (lookedAt === 0) break;
    const chosen = inOrder(tasks.filter((task) => type === undefined || typeOf(task) === type)).slice(
      0,
      limit - retried,
    );
    // Sent in this order on one connection, and so done in this order.
    const replies = await Promise.all(
      chosen.map(({ jobId }) => scripts.run('retryFailedTask', { args: [jobId] })),
    );
    retried += replies.filter((done) => done === 1).length;
    position += lookedAt - chosen.length; // the others have left the list, by this call or by another one
    left -= lookedAt;
  }
  return retried;
}

/** The type by which the worker looked for a handler; of what was malformed, the name that it was added under. */
function typeOf({ name, data }: FailedTask): string {
  try {
    return decodeTaskData(name, JSON.parse(data)).type;
  } catch (error) {
    if (error instanceof InvalidTaskError || error instanceof SyntaxError) return name;
    throw error;
  }
}

function inOrder(tasks: readonly FailedTask[]): FailedTask[] {
  return [...tasks].sort((a, b) => a.finishedOn - b.finishedOn || a.sequence - b.sequence);
}

/** From the flat reply of the script. */
export function decodeFailedTasks(reply: unknown): { lookedAt: number; tasks: FailedTask[] } {
  const [lookedAt, ...flat] = reply as [number, ...string[]];
  const tasks: FailedTask[] = [];
  for (let i = 0; i < flat.length; i += 5) {
    const [jobId = '', name = '', data = '', finishedOn, sequence] = flat.slice(i, i + 5);
    tasks.push({ jobId, name, data, finishedOn: Number(finishedOn), sequence: Number(sequence) });
  }
  return { lookedAt, tasks };
}

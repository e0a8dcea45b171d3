import { raw2NextJobData, type JobJson, type JobsOptions } from 'bullmq';

/** The options of a task, decoded. */
export interface StoredOptions {
  readonly options: JobsOptions;
  readonly retryOrder: string;
  /**
   * Which completed tasks are kept, as `commitTasks` wants it: "<number>:<seconds>", each empty for no limit. Nothing where
   * only BullMQ's own script knows what the retention means.
   */
  readonly keep: string | undefined;
}

const keepAll = ':';
const cache = new Map<string, StoredOptions>();
const cacheSize = 1_000;
/** A longer text is another producer's, and decoded each time. */
const longestCached = 4_096;

/**
 * Decodes the options of a job as BullMQ does. The tasks of a queue share few sets of options, so each set is decoded once.
 * What is returned has some task's `jobId`, if any.
 *
 * @throws what BullMQ throws for a text that it cannot read
 */
export function storedOptions(text: string): StoredOptions {
  const key = withoutId(text);
  let stored = cache.get(key);
  if (stored === undefined) {
    stored = decode(text);
    if (key.length > longestCached) return stored;
    if (cache.size >= cacheSize) cache.clear();
    cache.set(key, stored);
  }
  return stored;
}

const idField = '"jobId":"';

/** BullMQ stores the id of a job that its producer chose among the options too: what makes each text another one. */
function withoutId(text: string): string {
  const from = text.indexOf(idField);
  if (from < 0) return text;
  const to = text.indexOf('"', from + idField.length);
  // The quote is part of the id.
  if (to < 0 || text[to - 1] === '\\') return text;
  return text.slice(0, from) + text.slice(to);
}

function decode(text: string): StoredOptions {
  const [job] = raw2NextJobData([['opts', text], '', 0, 0]) as [JobJson];
  const options = job.opts as unknown as JobsOptions & { retryOrder?: string };
  const { retryOrder = 'block', removeOnComplete } = options;
  return { options, retryOrder, keep: keepRule(removeOnComplete) };
}

function keepRule(removeOnComplete: unknown): string | undefined {
  if (removeOnComplete === undefined || removeOnComplete === false) return keepAll;
  if (removeOnComplete === true) return '0:';
  if (typeof removeOnComplete === 'number') return limits(removeOnComplete, undefined);
  if (typeof removeOnComplete !== 'object' || removeOnComplete === null) return undefined;
  const { count, age } = removeOnComplete as { count?: unknown; age?: unknown };
  return limits(count, age);
}

function limits(count: unknown, age: unknown): string | undefined {
  if (!isWholeOrNothing(count) || !isWholeOrNothing(age)) return undefined;
  // BullMQ takes a negative number for no limit.
  return `${count === undefined || count < 0 ? '' : count}:${age ?? ''}`;
}

function isWholeOrNothing(value: unknown): value is number | undefined {
  return value === undefined || Number.isSafeInteger(value);
}

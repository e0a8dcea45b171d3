import type { JobType } from 'bullmq';

/** BullMQ has two names for the state of a waiting job. */
export function isWaiting(state: string): boolean {
  return state === 'wait' || state === 'waiting';
}

/** Reads waiting tasks in one way and those of all other types in another; returns one entry per type, in their order. */
export async function perType<T>(
  types: readonly JobType[],
  readOthers: (others: JobType[]) => Promise<T[]>,
  readWaiting: () => Promise<T>,
): Promise<T[]> {
  const others = [...new Set(types.filter((type) => !isWaiting(type)))];
  const [waiting, rest] = await Promise.all([
    types.some(isWaiting) ? readWaiting() : undefined,
    others.length > 0 ? readOthers(others) : [],
  ]);
  return types.map((type) => (isWaiting(type) ? waiting : rest[others.indexOf(type)]) as T);
}

/** The tag in a job's data, or nothing where the data is not that of a task. */
export function tagIn(data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  const { identifyTag } = data as { identifyTag?: unknown };
  return typeof identifyTag === 'string' ? identifyTag : '';
}

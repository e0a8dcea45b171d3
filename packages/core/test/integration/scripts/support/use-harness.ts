import { afterAll, afterEach } from '@jest/globals';
import type { Redis } from 'ioredis';
import { connectScripts, Harness } from './harness.js';
import { violations, type InvariantOptions } from './invariants.js';
import { readState, type QueueState } from './queue-state.js';

/** Everything that a test's queue may hold; for {@link soundState}. */
export interface Known {
  readonly tags?: readonly string[];
  readonly workers?: readonly string[];
  readonly ids?: readonly string[];
}

/** One connection for a spec file; queues are removed after each test. */
export function useHarness(): { readonly redis: Redis; queue(): Promise<Harness> } {
  const redis = connectScripts();
  const queues: Harness[] = [];
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.clear()));
  });
  afterAll(async () => {
    await redis.quit();
  });
  return {
    redis,
    /** A queue with a leader and no workers. */
    queue: async () => {
      const queue = new Harness(redis);
      queues.push(queue);
      await queue.elect();
      return queue;
    },
  };
}

/** The state of a queue. @throws where it contradicts itself */
export async function soundState(
  queue: Harness,
  {
    tags = ['tag', 'a', 'b', 'c', 'd', 'e', 'f', ''],
    workers = ['w1', 'w2', 'w3', 'w4', 'w5'],
    ids = [],
  }: Known = {},
  options: Partial<InvariantOptions> = {},
): Promise<QueueState> {
  const jobs = await queue.allKeys();
  const known = new Set(ids);
  for (const key of jobs) {
    const id = key.startsWith(queue.keys.base) ? key.slice(queue.keys.base.length) : '';
    if (/^([a-z]+\d+|repeat:.+:\d+)$/.test(id)) known.add(id);
  }
  const state = await readState(queue, { tags, workers, ids: [...known] });
  const found = violations(state, { maxBatchSize: 1_000, ...options });
  if (found.length > 0) throw new Error(found.join('\n'));
  return state;
}

/** The snapshot without the marker, which a refused leader sets again for the one that there is. */
export async function snapshotWithoutMarker(queue: Harness): Promise<ReadonlyMap<string, string>> {
  const all = new Map(await queue.snapshot());
  all.delete(queue.keys.marker);
  return all;
}

export async function eventsOf(queue: Harness, name?: string): Promise<Readonly<Record<string, string>>[]> {
  const entries = await queue.redis.xrange(queue.list('events'), '-', '+');
  const events = entries.map(([, flat]) =>
    Object.fromEntries(flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1] ?? '']] : []))),
  );
  return name === undefined ? events : events.filter((event) => event.event === name);
}

/** Whether the leader, or a worker, was told to look. */
export async function isWoken(queue: Harness, worker?: string): Promise<boolean> {
  const [key, member] = worker === undefined ? [queue.keys.marker, '0'] : [queue.marker, worker];
  return (await queue.redis.zscore(key, member)) !== null;
}

export async function calm(queue: Harness): Promise<void> {
  await queue.redis.del(queue.keys.marker, queue.marker);
}

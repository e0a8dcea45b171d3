import type { Harness } from './harness.js';

/** As BullMQ packs its options. */
const pack = ({ redis }: Harness, value: object): Promise<Buffer> =>
  redis.callBuffer(
    'EVAL',
    'return cmsgpack.pack(cjson.decode(ARGV[1]))',
    0,
    JSON.stringify(value),
  ) as Promise<Buffer>;

export interface Schedule {
  readonly every?: number;
  readonly pattern?: string;
  readonly slot?: number;
  readonly limit?: number;
  readonly endDate?: number;
  readonly tag?: string;
}

const bullKeys = (queue: Harness): string[] =>
  ['repeat', 'delayed', 'wait', 'paused', 'meta', 'prioritized', 'marker', 'id', 'events', 'pc'].map((key) =>
    queue.list(key),
  );

/** A schedule `s`, as BullMQ sends it. */
export async function upsert(
  queue: Harness,
  { every, pattern, slot, limit, endDate, tag = 'tag' }: Schedule,
): Promise<unknown> {
  const repeat = { every, pattern, limit, endDate };
  const next = slot ?? '';
  const args = [
    next,
    await pack(queue, { name: 'note', ...repeat }),
    's',
    JSON.stringify({ identifyTag: tag }),
    await pack(queue, { attempts: 2 }),
    await pack(queue, { attempts: 2, prevMillis: slot, repeat: { ...repeat, count: 1 }, repeatJobKey: 's' }),
    1,
    queue.keys.base,
    '',
  ];
  return queue.run('upsertScheduler', { keys: [...bullKeys(queue), queue.list('active')], args });
}

/** Adds the next task of that schedule for the worker that runs `id`. */
export async function advance(
  queue: Harness,
  worker: string,
  id: string,
  slot: number | '' = '',
): Promise<unknown> {
  const opts = { attempts: 9, prevMillis: slot, repeat: { count: 2 }, repeatJobKey: 's' };
  const args = [slot, 's', '{}', await pack(queue, opts), 1, queue.keys.base, id];
  const keys = [...bullKeys(queue), queue.job(id), queue.list('active')];
  return queue.run('advanceScheduler', { caller: worker, keys, args });
}

export const removeSchedule = (queue: Harness): Promise<unknown> =>
  queue.run('removeScheduler', {
    keys: ['repeat', 'delayed', 'events'].map((key) => queue.list(key)),
    args: ['s', queue.keys.base],
  });

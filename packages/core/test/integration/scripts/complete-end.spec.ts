import { describe, expect, it } from '@jest/globals';
import { notPlainCode } from '../../../src/errors/luaErrors.js';
import { completionOf, readStanding } from '../../../src/bullmq/standing.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

interface Situation {
  readonly tag?: string;
  readonly ids?: readonly string[];
  readonly ahead?: readonly string[];
  readonly maxBatchSize?: number;
  readonly short?: boolean;
}

/** Worker w1 runs the last task of its batch, and has a look-ahead of tag b. */
async function atTheEnd({
  tag = 'a',
  ids = ['a1', 'a2'],
  ahead = ['b1', 'b2'],
  maxBatchSize = 2,
  short = true,
}: Situation = {}): Promise<{ queue: Harness; last: Taken }> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany(tag, ...ids);
  await queue.dispatch({ maxBatchSize });
  const first = { worker: 'w1', task: await queue.take('w1', 'w1'), fetchNext: true, short: true };
  let [last] = (await queue.complete([first])) as [Taken];
  await queue.addMany('b', ...ahead);
  await queue.dispatch({ maxBatchSize });
  expect(await redis.hget(queue.worker('w1', 'meta'), 'ntag')).toBe('b');
  if (!short) {
    await queue.addMany(tag, 'a9');
    await redis.lpush(queue.worker('w1', 'wait'), 'a9');
    await redis.hincrby(queue.worker('w1', 'meta'), 'batch', 1);
    await redis.lrem(queue.list('wait'), 0, 'a9');
    await redis.zadd(queue.list('aff:seq'), 900, 'a9');
    [last] = (await queue.complete([{ worker: 'w1', task: last, fetchNext: true }])) as [Taken];
    expect(last).toMatchObject({ id: 'a9' });
  }
  await calm(queue);
  return { queue, last };
}

/** The reply as it is. A length that is said although it has not changed has no effect, but that no step is taken inline. */
async function complete(
  queue: Harness,
  { standing }: Taken,
  now: number,
  saysLength = false,
): Promise<unknown> {
  const short = standing.startsWith('1');
  const told = completionOf(standing, readStanding(standing), short);
  const takes = saysLength ? `1:${short ? 1 : 0}` : '1';
  const replies = await queue.run('commitTasks', {
    caller: 'node',
    args: [now, 0, takes, 'w1', ...told, ':', '"done"'],
  });
  return (replies as unknown[])[0];
}

/** Everything that the queue has in Redis, but for the ids of its events and the order within hashes. */
async function contents(queue: Harness): Promise<Readonly<Record<string, unknown>>> {
  const all: Record<string, unknown> = {};
  for (const key of await queue.allKeys()) {
    const type = await redis.type(key);
    if (type === 'hash') all[key] = await redis.hgetall(key);
    else if (type === 'list') all[key] = await redis.lrange(key, 0, -1);
    else if (type === 'zset') all[key] = await redis.zrange(key, 0, '-1', 'WITHSCORES');
    else if (type === 'set') all[key] = (await redis.smembers(key)).sort();
    else if (type === 'stream') all[key] = (await redis.xrange(key, '-', '+')).map(([, fields]) => fields);
    else all[key] = await redis.get(key);
  }
  return all;
}

/** Does both from the same state, the second one last. */
async function bothWays<T>(queue: Harness, one: () => Promise<T>, other: () => Promise<T>) {
  const before = [];
  for (const key of await queue.allKeys()) before.push([key, await redis.dumpBuffer(key)] as const);
  const first = { reply: await one(), contents: await contents(queue) };
  await queue.clear();
  for (const [key, dump] of before) await redis.restore(key, 0, dump);
  return [first, { reply: await other(), contents: await contents(queue) }] as const;
}

/** Tasks that QueueService adds to a tag that a worker has: indexed at once, and not dispatched yet. */
const more = (queue: Harness) => queue.addAtOnce('a', 'a7', 'a8');

describe('the end of a batch within commitTasks', () => {
  const nothing = () => Promise.resolve();

  it.each<[string, Situation, (queue: Harness) => Promise<unknown>]>([
    ['whose tag has no more', {}, nothing],
    ['that is full', { ids: ['a1', 'a2', 'a3'] }, nothing],
    ['that has room for more', { maxBatchSize: 10 }, more],
    ['of a worker whose tasks are long', { short: false, ids: ['a1', 'a2', 'a3'] }, nothing],
    ['while another tag waits', { ids: ['a1', 'a2', 'a3'] }, (queue) => queue.addAtOnce('c', 'c1')],
    ['while tasks wait to be taken in', {}, (queue) => queue.add({ id: 'c1', tag: 'c' })],
    ['while prioritized ones do', {}, (queue) => redis.zadd(queue.list('prioritized'), 1, 'c1')],
    ['while another worker has a look-ahead', {}, (queue) => redis.rpush(queue.list('aff:ahead'), 'w2')],
    ['whose tag is paused and has more', { ids: ['a1', 'a2', 'a3'] }, (queue) => queue.pauseTag('a')],
    ['whose tag is paused', {}, (queue) => queue.pauseTag('a')],
    [
      'whose tag is parked and has more',
      { ids: ['a1', 'a2', 'a3'] },
      (queue) => redis.zadd(queue.list('aff:parked'), Date.now() + 60_000, 'a'),
    ],
    ['whose tag is parked', {}, (queue) => redis.zadd(queue.list('aff:parked'), Date.now() + 60_000, 'a')],
    ['before a look-ahead of one', { ahead: ['b1'] }, nothing],
    ['before a look-ahead whose tasks were removed', { ahead: ['b1'] }, (queue) => queue.remove('b1')],
    ['before a look-ahead whose first is gone', {}, (queue) => redis.del(queue.job('b1'))],
    ['before a look-ahead whose list is gone', {}, (queue) => redis.del(queue.worker('w1', 'next'))],
    ['before a task that was retried', {}, (queue) => redis.hset(queue.job('b1'), 'ats', 1)],
    [
      'of ids with colons, spaces and more',
      { tag: 'tä g:1', ids: ['repeat:ä b:1', '€ 2:'], ahead: ['ü:1 '] },
      nothing,
    ],
    ['that is shown nowhere', {}, (queue) => redis.hdel(queue.worker('w1', 'meta'), 'state')],
    ['whose tag may have two owners', { ids: ['a1', 'a2', 'a3'] }, (queue) => queue.setLimits(2)],
    ['while another tag may have two owners', {}, (queue) => queue.setLimits(1, { c: 2 })],
    [
      'whose tag has had two owners',
      { ids: ['a1', 'a2', 'a3'] },
      (queue) => redis.hset(queue.list('aff:owners'), 'a', 'w1 w2'),
    ],
    ['of a worker that leaves', {}, (queue) => queue.run('leaveWorker', { caller: 'w1' })],
    ['of a paused queue', {}, (queue) => queue.pauseQueue()],
    ['within a rate limit', {}, (queue) => redis.hset(queue.list('meta'), 'max', 9, 'duration', 60_000)],
    ['within a rate limit set by hand', {}, (queue) => redis.set(queue.list('limiter'), 1, 'PX', 60_000)],
    ['that was topped up', {}, (queue) => redis.hset(queue.worker('w1', 'meta'), 'batch', 1)],
  ])('%s leaves what the general one does', async (_what, situation, change) => {
    const { queue, last } = await atTheEnd(situation);
    await change(queue);
    await calm(queue);
    const now = Date.now();
    const [inline, general] = await bothWays(
      queue,
      () => complete(queue, last, now),
      () => complete(queue, last, now, true),
    );
    expect(inline).toEqual(general);
    expect(inline.contents[queue.job(last.id)]).toMatchObject({ returnvalue: '"done"' });
  });

  it('puts the tag at the end of the ring, once, and wakes the leader', async () => {
    const { queue, last } = await atTheEnd({ ids: ['a1', 'a2', 'a3'] });
    await queue.addAtOnce('c', 'c1');
    await calm(queue);
    const reply = (await complete(queue, last, Date.now())) as string[];
    expect(reply).toHaveLength(8);
    expect([reply[0]!.replace(/:\d{16}:/, ':fence:'), ...reply.slice(6)]).toEqual([
      '1:1:1:fence:4:4:a2:1 b1',
      'b',
      2,
    ]);
    const { ring, ahead, hungry, idle, owners } = await soundState(queue);
    expect([ring, ahead, hungry, idle, [...owners]]).toEqual([['c', 'a'], [], ['w1'], [], [['b', ['w1']]]]);
    expect(await isWoken(queue)).toBe(true);
    expect((await eventsOf(queue)).slice(-4)).toMatchObject([
      { event: 'completed', jobId: 'a2' },
      { event: 'released', identifyTag: 'a', workerId: 'w1', size: '2', reason: 'limit' },
      { event: 'bound', identifyTag: 'b', workerId: 'w1', size: '2' },
      { event: 'active', jobId: 'b1' },
    ]);
    expect(await queue.take('w1', 'w1')).toMatchObject({
      id: 'b1',
      tag: 'b',
      position: 1,
      standing: reply[0],
    });
  });

  it('is not done twice when the reply was lost', async () => {
    const { queue, last } = await atTheEnd({ ids: ['a1', 'a2', 'a3'] });
    const [standing] = (await complete(queue, last, Date.now())) as string[];
    const before = await queue.snapshot();
    expect(await complete(queue, last, Date.now())).toBe(notPlainCode);
    expect(await queue.commit('w1', last, { short: true })).toBeUndefined();
    expect(await queue.take('w1', 'w1')).toMatchObject({ standing, id: 'b1', tag: 'b' });
    expect(await queue.snapshot()).toEqual(before);
  });

  it('ends the batches of several workers', async () => {
    const queue = await newQueue();
    const workers = ['w1', 'w2', 'w3'] as const;
    await queue.register(...workers);
    for (const tag of ['a', 'b', 'c']) await queue.addMany(tag, `${tag}1`, `${tag}2`, `${tag}3`);
    await queue.dispatch({ maxBatchSize: 2 });
    const firsts = [];
    for (const worker of workers) {
      firsts.push({ worker, task: await queue.take(worker, worker), fetchNext: true, short: true });
    }
    const seconds = (await queue.complete(firsts)) as Taken[];
    for (const tag of ['d', 'e']) await queue.addMany(tag, `${tag}1`);
    await queue.dispatch({ maxBatchSize: 2 });
    await calm(queue);
    const entries = seconds.map((task, i) => ({ worker: workers[i]!, task, fetchNext: true, short: true }));
    const replies = await queue.complete(entries);
    expect(replies.slice(0, 2)).toMatchObject([
      { id: 'd1', tag: 'd' },
      { id: 'e1', tag: 'e' },
    ]);
    expect(replies[2]).toBeUndefined();
    const { ring, idle } = await soundState(queue);
    expect([ring, idle, await isWoken(queue)]).toEqual([['a', 'b', 'c'], ['w3'], true]);
  });

  it.each<[string, (queue: Harness) => Promise<unknown>]>([
    ['the state that it shows', (queue) => redis.set(queue.keys.workerState('w1'), 'no hash')],
    ['the size of its look-ahead', (queue) => redis.hdel(queue.worker('w1', 'meta'), 'nbatch')],
    ['the token of its look-ahead', (queue) => redis.hdel(queue.worker('w1', 'meta'), 'nfence')],
    ['the size of its batch', (queue) => redis.hdel(queue.worker('w1', 'meta'), 'batch')],
    [
      'the tasks of its look-ahead',
      (queue) =>
        redis.multi().del(queue.worker('w1', 'next')).set(queue.worker('w1', 'next'), 'no list').exec(),
    ],
  ])('does not harm other workers where %s is damaged', async (_what, damage) => {
    const { queue, last } = await atTheEnd();
    await queue.register('w2');
    await queue.addMany('c', 'c1', 'c2');
    await queue.dispatch();
    const other = await queue.take('w2', 'w2');
    await redis.del(queue.keys.workerState('w1'));
    await damage(queue);
    const [, reply] = await queue.complete([
      { worker: 'w1', task: last, fetchNext: true, short: true },
      { worker: 'w2', task: other, fetchNext: true },
    ]);
    expect(reply).toMatchObject({ id: 'c2' });
    expect(await redis.zrange(queue.list('completed'), 0, '-1')).toEqual(['a1', 'a2', 'c1']);
    expect(await redis.lrange(queue.list('active'), 0, -1)).toContain('c2');
    expect(await redis.exists(`${queue.job('a2')}:lock`, `${queue.job('c1')}:lock`)).toBe(0);
  });
});

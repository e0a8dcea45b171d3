import { describe, expect, it } from '@jest/globals';
import { Queue, type Job } from 'bullmq';
import { InvalidScriptArgumentError } from '../../../src/errors/errors.js';
import type { Harness } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

interface Given {
  readonly id: string;
  readonly tag?: string;
  readonly kind?: number;
}

const dataOf = ({ id, tag = 'a' }: Given) => `{"identifyTag":"${tag}","type":"note","payload":"${id}"}`;
const kinds = ['note', '{"attempts":3}', '1700000000001', 'mail', '{"attempts":1}', '1700000000002'];

const onNoChain = ['', ''];

const args = (...tasks: readonly Given[]) => [
  ...onNoChain,
  2,
  ...kinds,
  ...tasks.flatMap((task) => [task.kind ?? 1, task.id, task.tag ?? 'a', dataOf(task)]),
];

const add = (queue: Harness, ...tasks: readonly Given[]): Promise<unknown> =>
  queue.run('addTasks', { args: args(...tasks) });

/** Indexed, then added. */
const waiting = async (queue: Harness): Promise<string[]> => [
  ...(await redis.zrange(queue.list('aff:seq'), 0, '-1')),
  ...(await queue.order(queue.list('wait'))),
];

describe('addTasks', () => {
  it('adds tasks at the end, in their order, each with what its kind has', async () => {
    const queue = await newQueue();
    expect(await add(queue, { id: 'a1' }, { id: 'a2', kind: 2 }, { id: 'a3' })).toBe(3);
    expect(await add(queue, { id: 'a4' })).toBe(1);
    expect(await waiting(queue)).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(await redis.hgetall(queue.job('a2'))).toEqual({
      name: 'mail',
      data: dataOf({ id: 'a2' }),
      opts: '{"attempts":1}',
      timestamp: '1700000000002',
      delay: '0',
      priority: '0',
    });
    expect(await redis.hgetall(queue.job('a3'))).toMatchObject({ name: 'note', opts: '{"attempts":3}' });
    expect(await redis.get(queue.list('id'))).toBe('4');
    await queue.dispatch();
    expect((await soundState(queue)).tags.get('a')).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('indexes tasks at once: each tag is ready once, and the leader only binds', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await add(queue, { id: 'a1' }, { id: 'b1', tag: 'b' }, { id: 'a2' });
    const state = await soundState(queue);
    expect([state.ring, state.wait, [...state.seq.keys()]]).toEqual([['a', 'b'], [], ['a1', 'b1', 'a2']]);
    expect([state.tags.get('a'), state.tags.get('b')]).toEqual([['a1', 'a2'], ['b1']]);
    expect(await queue.dispatch()).toMatchObject({ taken: 0, bound: 3 });
  });

  it('lets nothing overtake what waits to be taken in', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'a1', tag: 'a' });
    await add(queue, { id: 'a2' }, { id: 'b1', tag: 'b' });
    expect(await queue.order(queue.list('wait'))).toEqual(['a1', 'a2', 'b1']);
    await queue.dispatch();
    await add(queue, { id: 'a3' });
    expect((await soundState(queue)).tags.get('a')).toEqual(['a1', 'a2', 'a3']);
  });

  it('nor a foreign task with a priority', async () => {
    const queue = await newQueue();
    const bull = new Queue(queue.pendingQueueName, { connection: redis, skipMetasUpdate: true });
    await bull.add('note', { identifyTag: 'a' }, { jobId: 'p1', priority: 3 });
    await add(queue, { id: 'a1' });
    expect(await queue.order(queue.list('wait'))).toEqual(['a1']);
    await bull.close();
  });

  it('leaves a tag alone that is paused or backs off, until that is over', async () => {
    const queue = await newQueue();
    await queue.pauseTag('a');
    await redis.zadd(queue.list('aff:parked'), Date.now() + 60_000, 'b');
    await add(queue, { id: 'a1' }, { id: 'b1', tag: 'b' }, { id: 'c1', tag: 'c' });
    expect((await soundState(queue)).ring).toEqual(['c']);
    await queue.resumeTag('a');
    expect((await soundState(queue)).ring).toEqual(['c', 'a']);
  });

  it('of a tag that a worker has go into its batch, as far as there is room', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await add(queue, { id: 'a1' });
    await queue.dispatch({ maxBatchSize: 3 });
    await add(queue, { id: 'a2' }, { id: 'b1', tag: 'b' }, { id: 'a3' }, { id: 'a4' });
    expect((await soundState(queue)).ring).toEqual(['b']);
    await queue.dispatch({ maxBatchSize: 3 });
    const { workers, tags, ring } = await soundState(queue);
    expect([workers.get('w1')?.wait, workers.get('w1')?.meta.batch]).toEqual([['a1', 'a2', 'a3'], '3']);
    expect([tags.get('a'), ring]).toEqual([['a4'], ['b']]);
    expect(await redis.exists(queue.list('aff:touched'))).toBe(0);
  });

  it('of a tag that may have more workers go into the batches that it has, and the rest to another worker', async () => {
    const queue = await newQueue();
    await queue.setLimits(2);
    await queue.register('w1', 'w2');
    await add(queue, { id: 'a1' });
    await queue.dispatch({ maxBatchSize: 2 });
    await add(queue, { id: 'a2' });
    await add(queue, { id: 'a3' });
    expect((await soundState(queue)).ring).toEqual(['a']);
    await queue.dispatch({ maxBatchSize: 2 });
    const { workers, owners, ring } = await soundState(queue);
    expect([workers.get('w1')?.wait, workers.get('w2')?.wait]).toEqual([['a1', 'a2'], ['a3']]);
    expect([[...owners.keys()], ring]).toEqual([['a'], []]);
    await add(queue, { id: 'a4' }, { id: 'a5' });
    expect((await soundState(queue)).ring).toEqual([]);
    await queue.dispatch({ maxBatchSize: 2 });
    const full = await soundState(queue);
    expect([full.workers.get('w2')?.wait, full.tags.get('a')]).toEqual([['a3', 'a4'], ['a5']]);
  });

  it.each([
    ['with room has run all that it was given', 2, 'empty'],
    ['that is full has reached its limit', 1, 'limit'],
  ])('too late for a batch: one %s, and the tag is the next to get a worker', async (_what, size, reason) => {
    const queue = await newQueue();
    await queue.register('w1');
    await add(queue, { id: 'a1' });
    await queue.dispatch({ maxBatchSize: size });
    const task = await queue.take('w1', 'w1');
    await add(queue, { id: 'a2' });
    await calm(queue);
    expect(await queue.complete([{ worker: 'w1', task, fetchNext: true }])).toEqual([undefined]);
    expect(await eventsOf(queue, 'released')).toMatchObject([{ identifyTag: 'a', size: '1', reason }]);
    const { ring, idle } = await soundState(queue);
    expect([ring, idle, await isWoken(queue)]).toEqual([['a'], ['w1'], true]);
    await queue.dispatch({ maxBatchSize: size });
    expect((await soundState(queue)).workers.get('w1')?.wait).toEqual(['a2']);
  });

  it('tops up so many batches in one round as it may move ids, and says that there is more to do', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await add(queue, { id: 'a1' }, { id: 'b1', tag: 'b' }, { id: 'c1', tag: 'c' });
    await queue.dispatch();
    for (const tag of ['a', 'b', 'c']) {
      for (const n of [2, 3]) await add(queue, { id: `${tag}${n}`, tag });
    }
    const left: number[] = [];
    for (const more of [true, true, false]) {
      expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ more });
      left.push(await redis.scard(queue.list('aff:touched')));
    }
    expect(left).toEqual([2, 1, 0]);
    const { workers } = await soundState(queue);
    expect(['w1', 'w2', 'w3'].map((worker) => workers.get(worker)?.wait.length)).toEqual([3, 3, 3]);
  });

  it('keeps in mind which batches have room while the queue is paused', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await add(queue, { id: 'a1' });
    await queue.dispatch();
    await queue.pauseQueue();
    await add(queue, { id: 'a2' });
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.wait).toEqual(['a1']);
    await queue.resumeQueue();
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.wait).toEqual(['a1', 'a2']);
  });

  it('writes what BullMQ writes: keys, fields and events', async () => {
    const [ours, theirs] = [await newQueue(), await newQueue()];
    const options = { jobId: 'a1', attempts: 3, timestamp: 1_700_000_000_001 };
    const queue = new Queue(theirs.pendingQueueName, { connection: redis, skipMetasUpdate: true });
    const data = { identifyTag: 'a', type: 'note', payload: 'a1' };
    const written = async (of: Harness) => {
      const keys = (await of.allKeys()).filter((key) => !/^scheduler:|:aff:/.test(key));
      return {
        keys: keys.map((key) => key.replace(of.name, '')).sort(),
        job: await redis.hgetall(of.job('a1')),
        events: await eventsOf(of),
        wait: await waiting(of),
        marker: await redis.zrange(of.keys.marker, '0', '-1', 'WITHSCORES'),
        id: await redis.get(of.list('id')),
      };
    };
    const json = JSON.stringify(data);
    const once = ['note', JSON.stringify({ attempts: 3, timestamp: options.timestamp }), options.timestamp];
    // As long as something is in `wait`, ours adds there too.
    for (const of of [ours, theirs]) await redis.lpush(of.list('wait'), 'x');
    for (let times = 1; times <= 2; times += 1) {
      await queue.add('note', data, options);
      await ours.run('addTasks', { args: [...onNoChain, 1, ...once, 1, 'a1', 'a', json] });
    }
    const [found, expected] = [await written(ours), await written(theirs)];
    // The order of the options is cjson's, and of each add BullMQ counts one id.
    expect(JSON.parse(found.job.opts ?? '')).toEqual({ attempts: 3, timestamp: options.timestamp });
    expect(JSON.parse(expected.job.opts ?? '')).toMatchObject({ attempts: 3 });
    expect({ ...found, job: { ...found.job, opts: '' }, id: '' }).toEqual({
      ...expected,
      keys: expected.keys.filter((key) => !key.endsWith(':meta')),
      job: { ...expected.job, opts: '' },
      id: '',
    });
    expect(found.events.map(({ event }) => event)).toEqual(['added', 'waiting', 'duplicated']);
    const reader = new Queue(ours.pendingQueueName, { connection: redis, skipMetasUpdate: true });
    const job = (await reader.getJob('a1')) as Job;
    expect(job).toMatchObject({ name: 'note', data, delay: 0, priority: 0, opts: { attempts: 3 } });
    expect(await job.getState()).toBe('waiting');
    await Promise.all([queue.close(), reader.close()]);
  });

  it('adds an id once, wherever its task is by now', async () => {
    const queue = await newQueue();
    await add(queue, { id: 'a1' }, { id: 'b1', tag: 'b' });
    expect(await add(queue, { id: 'a1' }, { id: 'a2' }, { id: 'a2', tag: 'c' })).toBe(1);
    expect(await waiting(queue)).toEqual(['a1', 'b1', 'a2']);
    expect(await redis.hget(queue.job('a2'), 'data')).toBe(dataOf({ id: 'a2' }));
    expect((await eventsOf(queue, 'duplicated')).map(({ jobId }) => jobId)).toEqual(['a1', 'a2']);
    await queue.register('w1');
    await queue.dispatch();
    expect(await add(queue, { id: 'a1' }, { id: 'a2' }, { id: 'b1', tag: 'b' })).toBe(0);
    const taken = await queue.take('w1');
    expect(await add(queue, { id: taken.id })).toBe(0);
    await queue.commit('w1', taken);
    expect(await add(queue, { id: taken.id })).toBe(0);
    await soundState(queue);
  });

  it('may be sent again: a lost reply changes nothing but the events', async () => {
    const queue = await newQueue();
    const call = () => add(queue, { id: 'a1' }, { id: 'a2' });
    expect(await call()).toBe(2);
    const before = new Map(await queue.snapshot());
    expect(await call()).toBe(0);
    const after = new Map(await queue.snapshot());
    for (const map of [before, after]) map.delete(queue.list('events'));
    expect(after).toEqual(before);
    // And when a part of it had come through another way.
    expect(await add(queue, { id: 'a2' }, { id: 'a3' })).toBe(1);
    expect(await waiting(queue)).toEqual(['a1', 'a2', 'a3']);
  });

  it('wakes the leader, unless the queue is paused or as many tasks run as may', async () => {
    const queue = await newQueue();
    await add(queue, { id: 'a1' });
    expect(await isWoken(queue)).toBe(true);
    await calm(queue);
    await add(queue, { id: 'a1' });
    expect(await isWoken(queue)).toBe(false); // nothing came
    await redis.hset(queue.list('meta'), 'paused', 1);
    await add(queue, { id: 'a2' });
    expect(await isWoken(queue)).toBe(false);
    await redis.hdel(queue.list('meta'), 'paused');
    await redis.hset(queue.list('meta'), 'concurrency', 1);
    await redis.lpush(queue.list('active'), 'z1');
    await add(queue, { id: 'a3' });
    expect(await isWoken(queue)).toBe(false);
    await redis.del(queue.list('active'));
    await add(queue, { id: 'a4' });
    expect(await isWoken(queue)).toBe(true);
    expect(await waiting(queue)).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('keeps the events within their bound', async () => {
    const queue = await newQueue();
    await redis.hset(queue.list('meta'), 'opts.maxLenEvents', 10);
    for (let call = 0; call < 5; call += 1) {
      await add(queue, ...Array.from({ length: 200 }, (_, i) => ({ id: `a${call * 200 + i}` })));
    }
    // Redis removes whole blocks of 100.
    expect(await redis.xlen(queue.list('events'))).toBeLessThan(210);
  });

  it.each([
    ['no number of kinds', ['x', ...kinds.slice(0, 3), 1, 'a1', 'a', '{}']],
    ['more kinds than there are', [3, ...kinds]],
    ['a part of a task', [2, ...kinds, 1, 'a1']],
    ['a kind that is not there', [2, ...kinds, 1, 'a1', 'a', '{}', 3, 'a2', 'a', '{}']],
    [
      'too many tasks',
      [2, ...kinds, ...Array.from({ length: 1_001 }, (_, i) => [1, `a${i}`, 'a', '{}']).flat()],
    ],
  ])('refuses %s and adds nothing', async (_what, given) => {
    const queue = await newQueue();
    const before = await queue.snapshot();
    await expect(queue.run('addTasks', { args: [...onNoChain, ...given] })).rejects.toThrow(
      InvalidScriptArgumentError,
    );
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each([
    ['wait', (queue: Harness) => redis.set(queue.list('wait'), 'x')],
    ['the events', (queue: Harness) => redis.set(queue.list('events'), 'x')],
    ['the counter', (queue: Harness) => redis.set(queue.list('id'), 'x')],
  ])('acknowledges and keeps no task when %s is no longer what it was', async (what, damage) => {
    const queue = await newQueue();
    await damage(queue);
    await expect(add(queue, { id: 'a1' })).rejects.toThrow(/WRONGTYPE|ERR/);
    expect(await redis.exists(queue.job('a1'))).toBe(0);
    await redis.del(queue.list('wait'), queue.list('events'), queue.list('id'));
    expect([what, await add(queue, { id: 'a1' })]).toEqual([what, 1]);
  });

  it('adds 1,000 tasks at most, of whatever text', async () => {
    const queue = await newQueue();
    const ids = Array.from({ length: 1_000 }, (_, i) => `公 ${i} 🎉`);
    expect(await add(queue, ...ids.map((id) => ({ id })))).toBe(1_000);
    expect(await waiting(queue)).toEqual(ids);
  });
});

import { describe, expect, it } from '@jest/globals';
import { TaskNotFoundError } from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

/**
 * One task in every place: a1 completed, a2 failed, a3 runs, a4 is left of the batch, b1 is the look-ahead, c1 is indexed,
 * d1 was added, d2 is delayed, x1 is too large.
 */
async function everywhere(): Promise<Harness> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', 'a1', 'a2', 'a3', 'a4');
  await queue.dispatch();
  const second = await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
  await queue.commit('w1', second as Taken, { fetchNext: true, short: true, failed: true });
  await queue.addMany('b', 'b1');
  await queue.dispatch();
  await queue.addMany('c', 'c1');
  await queue.add({ id: 'x1', data: `{"identifyTag":"a","payload":"${'x'.repeat(1_000)}"}` });
  await queue.dispatch({ maxDataBytes: 1_000 });
  await queue.addMany('d', 'd1', 'd2');
  await redis.lrem(queue.list('wait'), 1, 'd2');
  await redis.zadd(queue.list('delayed'), (Date.now() + 60_000) * 4096, 'd2');
  expect(await soundState(queue)).toMatchObject({
    wait: ['d1'],
    active: ['a3'],
    delayed: ['d2'],
    ahead: ['w1'],
  });
  await calm(queue);
  return queue;
}

describe('getTaskState', () => {
  it('tells one state for wherever a task is', async () => {
    const queue = await everywhere();
    const states = [
      'completed',
      'failed',
      'delayed',
      'active',
      'wait',
      'paused',
      'waiting-children',
      'prioritized',
    ];
    const keys = states.map((state) => queue.list(state));
    const found: Record<string, unknown> = {};
    for (const id of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'd1', 'd2', 'x1', 'none']) {
      found[id] = await queue.run('getTaskState', { keys, args: [id] });
    }
    expect(found).toEqual({
      a1: 'completed',
      a2: 'failed',
      a3: 'active',
      a4: 'waiting',
      b1: 'waiting',
      c1: 'waiting',
      d1: 'waiting',
      d2: 'delayed',
      x1: 'waiting',
      none: 'unknown',
    });
  });
});

describe('counts', () => {
  it('count a waiting task wherever it waits', async () => {
    const queue = await everywhere();
    const counts = async (...args: (string | number)[]): Promise<unknown> =>
      queue.run('getTaskCounts', { keys: [queue.keys.base], args });
    expect(await counts('active', 'wait', 'delayed', 'completed', 'failed')).toEqual([1, 5, 1, 1, 1]);
    expect(await counts(Date.now(), 'delayed', 'wait')).toEqual([0, 5]);
    expect(await counts(Date.now() + 120_000, 'delayed')).toEqual([1]);
    expect(await queue.run('getQueueStats')).toEqual([5, 1, 1, 1, 1, 0, 2, 2, 0, 1]);
  });

  it('count the tags that wait, also for the end of a pause or of a back-off', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.add(...['a', 'b', 'c', 'd'].map((tag) => ({ id: `${tag}1`, tag })));
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.pauseTag('b');
    await queue.pauseTag('nothing waits in this one');
    expect(await queue.run('getQueueStats')).toEqual([4, 0, 0, 0, 0, 0, 4, 0, 1, 1]);
    await queue.pauseTag('a');
    await queue.pauseQueue();
    expect(await queue.run('getQueueStats')).toEqual([4, 0, 0, 0, 0, 1, 4, 0, 1, 1]);
  });
});

describe('getWaitingTasks', () => {
  const page = async (
    queue: Harness,
    from: number,
    to: number,
    oldestFirst: boolean,
    withHashes = false,
  ): Promise<unknown> =>
    queue.run('getWaitingTasks', { args: [from, to, oldestFirst ? 1 : 0, withHashes ? 1 : 0] });

  it('pages through what is dispatched, indexed and added as one list', async () => {
    const queue = await everywhere();
    const order = ['a4', 'b1', 'c1', 'x1', 'd1'];
    for (const [from, to] of [
      [0, -1],
      [0, 0],
      [1, 3],
      [2, 4],
      [3, 3],
      [4, 9],
      [5, 9],
      [-2, -1],
      [0, -2],
      [3, 1],
    ] as const) {
      const end = to < 0 ? order.length + to : to;
      const start = from < 0 ? order.length + from : from;
      expect([from, to, await page(queue, from, to, true)]).toEqual([from, to, order.slice(start, end + 1)]);
      expect([from, to, await page(queue, from, to, false)]).toEqual([
        from,
        to,
        order.toReversed().slice(start, end + 1),
      ]);
    }
  });

  it('gives the hashes, and leaves out ids that are no task', async () => {
    const queue = await everywhere();
    await redis.del(queue.job('c1'));
    await redis.lpush(queue.list('wait'), 'aff:ring');
    const tasks = (await page(queue, 0, -1, true, true)) as [string, string[]][];
    expect(tasks.map(([id]) => id)).toEqual(['a4', 'b1', 'x1', 'd1']);
    expect(tasks[0]?.[1]).toEqual(expect.arrayContaining(['name', 'type']));
  });
});

describe('removeTask', () => {
  it.each(['a4', 'b1', 'c1', 'd1', 'd2', 'x1'])(
    'removes %s from where it waits, and nothing else',
    async (id) => {
      const queue = await everywhere();
      const before = await soundState(queue);
      expect(await queue.remove(id)).toBe(1);
      const after = await soundState(queue);
      expect([...before.tasks].filter((other) => !after.tasks.has(other))).toEqual([id]);
      expect(await eventsOf(queue, 'removed')).toMatchObject([{ jobId: id }]);
      await expect(queue.remove(id)).rejects.toThrow(TaskNotFoundError);
    },
  );

  it('leaves a running task alone', async () => {
    const queue = await everywhere();
    const before = await queue.snapshot();
    expect(await queue.remove('a3')).toBe(0);
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each(['a1', 'a2', 'none'])('removes no finished task when told so (%s)', async (id) => {
    const queue = await everywhere();
    const before = await queue.snapshot();
    await expect(queue.remove(id)).rejects.toThrow(TaskNotFoundError);
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.remove(id, { unfinishedOnly: false })).toBe(1);
    expect(await redis.exists(queue.job(id))).toBe(0);
  });

  it('takes back a look-ahead that has become empty, and its worker may get another one', async () => {
    const queue = await everywhere();
    await queue.remove('b1');
    expect(await soundState(queue)).toMatchObject({ ahead: [], hungry: ['w1'] });
  });

  it("removes a flow's children with their parent, wherever they wait", async () => {
    const queue = await everywhere();
    await queue.addMany('d', 'p1');
    await queue.dispatch();
    for (const child of ['a4', 'c1', 'd2']) {
      await redis.sadd(`${queue.job('p1')}:dependencies`, queue.job(child));
      await redis.hset(queue.job(child), 'parentKey', queue.job('p1'));
    }
    expect(await queue.remove('p1', { withChildren: true })).toBe(1);
    const { tasks, seq, tags } = await soundState(queue);
    expect([...tasks].sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'd1', 'x1']);
    expect([...seq.keys()]).toEqual(['b1', 'x1', 'd1']);
    expect(tags.get('c')).toEqual([]);
  });

  it('ends the back-off of a tag with the task that it is for, and wakes the leader for the next one', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await calm(queue);
    await queue.remove('a1');
    expect(await soundState(queue)).toMatchObject({ parked: [], ring: ['a'] });
    expect(await isWoken(queue)).toBe(true);
  });
});

describe('drainIndexed and expireIndexed', () => {
  it('remove what waits behind a tag, in windows, and nothing else', async () => {
    const queue = await everywhere();
    const counts: unknown[] = [];
    for (let position = 0; position >= 0;) {
      const reply = (await queue.run('drainIndexed', { args: [position, 2, 'all'] })) as [number, number];
      [position] = reply;
      counts.push(reply);
    }
    expect(counts).toEqual([
      [0, 2],
      [0, 2],
      [-1, 0],
    ]);
    const { tasks, seq, ahead, ring } = await soundState(queue);
    expect([...tasks].sort()).toEqual(['a1', 'a2', 'a3', 'd1', 'd2']);
    expect([seq.size, ahead, ring]).toEqual([0, [], []]);
    expect(await redis.exists(queue.list('aff:exposed'))).toBe(0);
  });

  it('remove what is old enough, and pass over the rest', async () => {
    const queue = await everywhere();
    await redis.hset(queue.job('c1'), 'timestamp', Date.now() + 60_000);
    const args = [0, 3, Date.now()];
    expect(await queue.run('expireIndexed', { args })).toEqual([1, 'a4', 'b1']);
    expect(await queue.run('expireIndexed', { args: [1, 3, Date.now()] })).toEqual([-1, 'x1']);
    expect([...(await soundState(queue)).seq.keys()]).toEqual(['c1']);
    expect(await redis.exists(queue.list('aff:exposed'), queue.list('aff:none'))).toBe(0);
  });
});

describe('removeWaitingChildren', () => {
  it('removes the children that wait, and spares the one that runs', async () => {
    const queue = await everywhere();
    await queue.addMany('d', 'p1');
    for (const child of ['a3', 'a4', 'c1'])
      await redis.sadd(`${queue.job('p1')}:dependencies`, queue.job(child));
    const keys = [queue.job('p1'), queue.list('meta')];
    expect(await queue.run('removeWaitingChildren', { keys, args: [queue.keys.base, 'p1'] })).toBe(0);
    const { tasks, active } = await soundState(queue);
    expect(['a3', 'a4', 'c1', 'p1'].filter((id) => tasks.has(id))).toEqual(['a3', 'p1']);
    expect(active).toEqual(['a3']);
  });
});

describe('changeTaskData', () => {
  const change = async (queue: Harness, id: string, tag: string): Promise<unknown> =>
    queue.run('changeTaskData', { keys: [queue.job(id)], args: [`{"identifyTag":"${tag}","n":2}`, id, tag] });

  it('changes the data of a task, and of one that is indexed or runs only under its tag', async () => {
    const queue = await everywhere();
    for (const [id, tag] of [
      ['a3', 'a'],
      ['c1', 'c'],
      ['d1', 'other'],
      ['d2', 'other'],
      ['a1', 'other'],
    ] as const) {
      expect([id, await change(queue, id, tag)]).toEqual([id, 0]);
      expect(await redis.hget(queue.job(id), 'data')).toBe(`{"identifyTag":"${tag}","n":2}`);
    }
    const before = await queue.snapshot();
    for (const id of ['a3', 'a4', 'b1', 'c1'])
      expect([id, await change(queue, id, 'other')]).toEqual([id, 1]);
    expect(await change(queue, 'none', 'a')).toBe(-1);
    expect(await queue.snapshot()).toEqual(before);
  });
});

describe('upsertScheduler', () => {
  it('replaces an iteration that waits behind its tag', async () => {
    const queue = await newQueue();
    const id = 'repeat:daily:1000';
    await redis.zadd(queue.list('repeat'), 1_000, 'daily');
    await queue.add({ id, tag: 'a' }, { id: 'a2', tag: 'a' });
    await queue.dispatch();
    const keys = [
      'repeat',
      'delayed',
      'wait',
      'paused',
      'meta',
      'prioritized',
      'marker',
      'id',
      'events',
      'pc',
      'active',
    ];
    const backend = queue.bull as unknown as {
      addJobScheduler(...args: unknown[]): Promise<unknown>;
      execCommand(client: unknown, name: string, args: unknown[]): Promise<unknown>;
    };
    // BullMQ's own arguments, sent through our script.
    backend.execCommand = async (_client, _name, args) =>
      queue.run('upsertScheduler', {
        keys: args.slice(0, keys.length).map(String),
        args: args.slice(keys.length) as never[],
      });
    const options = { every: 60_000, name: 'type' };
    await backend.addJobScheduler('daily', Date.now(), '{"identifyTag":"a"}', {}, options, {}, undefined);
    const { seq, tags, wait, delayed, tasks } = await soundState(queue);
    expect([[...seq.keys()], tags.get('a')]).toEqual([['a2'], ['a2']]);
    const [nextMs] = (await redis.zrange(queue.list('repeat'), 0, '-1', 'WITHSCORES')).slice(1);
    expect([...wait, ...delayed]).toEqual([`repeat:daily:${nextMs}`]);
    expect(tasks.has(id)).toBe(false);
  });
});

describe('retryFailedTask and getFailedTasks', () => {
  async function withFailed(): Promise<Harness> {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    let task: Taken | number | undefined = await queue.take('w1');
    while (typeof task === 'object')
      task = await queue.commit('w1', task, { fetchNext: true, failed: true, value: 'no' });
    await queue.dispatch();
    await queue.commit('w1', await queue.take('w1'), { failed: true });
    return queue;
  }

  it('gives fresh attempts once, and a place at the end', async () => {
    const queue = await withFailed();
    await redis.hset(queue.job('a1'), 'stc', 5);
    await calm(queue);
    expect(await queue.run('retryFailedTask', { args: ['a1'] })).toBe(1);
    expect(await isWoken(queue)).toBe(true);
    expect(await redis.hmget(queue.job('a1'), 'atm', 'stc', 'failedReason', 'finishedOn', 'aff:seq')).toEqual(
      Array(5).fill(null),
    );
    expect((await soundState(queue)).wait).toEqual(['a1']);
    const before = await queue.snapshot();
    for (const id of ['a1', 'none']) expect(await queue.run('retryFailedTask', { args: [id] })).toBe(0);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('names failed tasks page by page, with the place that they had in the order', async () => {
    const queue = await withFailed();
    const page = async (...args: (string | number)[]): Promise<unknown[]> =>
      (await queue.run('getFailedTasks', { args })) as unknown[];
    const all = await page(0, 10, 1_000, '', 0);
    expect(all[0]).toBe(4);
    const tasks = Array.from({ length: 4 }, (_, i) => all.slice(1 + i * 5, 6 + i * 5));
    expect(new Set(tasks.map(([id]) => id))).toEqual(new Set(['a1', 'a2', 'a3', 'b1']));
    expect(tasks.map(([id, , , , seq]) => [id, seq])).toEqual(
      expect.arrayContaining([
        ['a1', '1'],
        ['a2', '2'],
        ['a3', '3'],
        ['b1', '4'],
      ]),
    );
    expect(await page(0, 10, 1_000, 'b', 1)).toEqual([
      4,
      'b1',
      'type',
      '{"identifyTag":"b","payload":"b1"}',
      expect.stringMatching(/^\d+$/),
      '4',
    ]);
    expect((await page(0, 10, 1, '', 1))[0]).toBe(1);
    expect((await page(3, 10, 1_000, '', 0))[0]).toBe(1);
    expect(await page(4, 10, 1_000, '', 0)).toEqual([0]);
  });
});

describe('obliterateIndexed', () => {
  const run = (queue: Harness, step: string, force = '0'): Promise<unknown> =>
    queue.run('obliterateIndexed', { args: [step, force] });

  it('allows it for a paused queue without running tasks, or with them when forced', async () => {
    const queue = await everywhere();
    expect(await run(queue, 'check')).toBe(-1);
    await queue.pauseQueue();
    expect(await run(queue, 'check')).toBe(-2);
    expect(await run(queue, 'check', '1')).toBe(0);
    await queue.commit('w1', await queue.take('w1'));
    expect(await run(queue, 'check')).toBe(0);
  });

  it('lets no tag stay paused or parked, and loses nothing that was added meanwhile', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.pauseTag('b');
    await queue.pauseTag('a');
    await queue.add({ id: 'b1', tag: 'b' }, { id: 'c1', tag: 'c' });
    await queue.dispatch();
    await calm(queue);
    await run(queue, 'finish');
    const { ring, parked, pausedTags, seq } = await soundState(queue);
    expect([parked, pausedTags, [...seq.keys()]]).toEqual([[], [], ['a1', 'b1', 'c1']]);
    expect([...ring].sort()).toEqual(['a', 'b']);
    expect(await isWoken(queue)).toBe(true);
    expect(await isWoken(queue, 'w2')).toBe(true); // c1 is bound to it, and the end of the pause is nowhere else told
    expect(await isWoken(queue, 'w1')).toBe(false);
  });
});

describe('resumeQueue and wakeLeader', () => {
  it('wake the leader, and every worker that holds tasks', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.pauseQueue();
    await calm(queue);
    await queue.resumeQueue();
    expect([await isWoken(queue), await isWoken(queue, 'w1'), await isWoken(queue, 'w2')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await redis.hexists(queue.list('meta'), 'paused')).toBe(0);
    expect(await eventsOf(queue, 'resumed')).toHaveLength(1);
    await calm(queue);
    await queue.run('wakeLeader');
    expect(await isWoken(queue)).toBe(true);
  });
});

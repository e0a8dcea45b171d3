import { describe, expect, it } from '@jest/globals';
import { InvalidScriptArgumentError, StaleLeaderError } from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, isWoken, snapshotWithoutMarker, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);

/** w1 runs a1, has a2 left, and tag b as its look-ahead; a3 waits for the next batch. */
async function busy(): Promise<{ queue: Harness; running: Taken }> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', 'a0', 'a1', 'a2', 'a3');
  await queue.dispatch({ maxBatchSize: 3 });
  const running = (await queue.commit('w1', await queue.take('w1'), {
    fetchNext: true,
    short: true,
  })) as Taken;
  await queue.addMany('b', 'b1', 'b2');
  await queue.dispatch({ maxBatchSize: 3 });
  expect((await soundState(queue)).workers.get('w1')).toMatchObject({ wait: ['a2'], next: ['b1', 'b2'] });
  await calm(queue);
  return { queue, running };
}

/** w1 owns tag a twice: by its batch (a1 runs, a2 is left) and by its look-ahead (a3, a4); a5 waits. */
async function doublyBound(): Promise<Harness> {
  const queue = await newQueue();
  await queue.setLimits(2);
  await queue.register('w1');
  await queue.addMany('a', 'a1', 'a2', 'a3', 'a4', 'a5');
  await queue.dispatch({ maxBatchSize: 2 });
  await redis.hset(queue.worker('w1', 'meta'), 'short', '1');
  await redis.rpush(queue.list('aff:hungry'), 'w1');
  await queue.dispatch({ maxBatchSize: 2 });
  await queue.take('w1');
  const { owners, workers } = await soundState(queue);
  expect(owners.get('a')).toEqual(['w1', 'w1']);
  expect(workers.get('w1')).toMatchObject({ wait: ['a2'], next: ['a3', 'a4'] });
  return queue;
}

describe('pauseTag and resumeTag', () => {
  it('stop a tag that waits, and let it go on at the end of the ring', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1');
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    await calm(queue);
    expect(await queue.pauseTag('a')).toBe(1);
    expect((await soundState(queue)).ring).toEqual(['b']);
    await calm(queue);
    expect(await queue.resumeTag('a')).toBe(1);
    expect((await soundState(queue)).ring).toEqual(['b', 'a']);
    expect(await isWoken(queue)).toBe(true);
  });

  it('take a batch back but for the running task', async () => {
    const { queue, running } = await busy();
    await queue.pauseTag('a');
    const state = await soundState(queue);
    expect(state.tags.get('a')).toEqual(['a2', 'a3']);
    expect(state.active).toEqual(['a1']);
    expect(await queue.commit('w1', running, { fetchNext: true })).toMatchObject({ id: 'b1' });
    await queue.dispatch();
    expect((await soundState(queue)).ring).toEqual([]);
    await queue.resumeTag('a');
    expect((await soundState(queue)).ring).toEqual(['a']);
  });

  it('take a look-ahead back, and its worker may get another one', async () => {
    const { queue } = await busy();
    await queue.addMany('c', 'c1');
    await queue.dispatch();
    await calm(queue);
    await queue.pauseTag('b');
    expect(await soundState(queue)).toMatchObject({ ahead: [], hungry: ['w1'], ring: ['c'] });
    expect(await isWoken(queue)).toBe(true);
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.next).toEqual(['c1']);
  });

  it('take back what one worker holds of a tag twice, in order', async () => {
    const queue = await doublyBound();
    await queue.pauseTag('a');
    const { tags, owners } = await soundState(queue);
    expect(tags.get('a')).toEqual(['a2', 'a3', 'a4', 'a5']);
    expect(owners.get('a')).toEqual(['w1']);
  });

  it('stop a tag that has no tasks yet', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.pauseTag('a');
    await queue.addMany('a', 'a1');
    expect(await queue.dispatch()).toMatchObject({ taken: 1, bound: 0 });
    await soundState(queue);
  });

  it('leave a parked tag parked', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.pauseTag('a');
    await queue.resumeTag('a');
    expect(await soundState(queue)).toMatchObject({ parked: ['a'], ring: [] });
    await queue.pauseTag('a');
    await queue.letTimePass();
    await queue.dispatch();
    expect(await soundState(queue)).toMatchObject({ parked: [], ring: [], pausedTags: ['a'] });
  });

  it('change nothing when they are repeated', async () => {
    const { queue } = await busy();
    await queue.pauseTag('a');
    const paused = await queue.snapshot();
    expect(await queue.pauseTag('a')).toBe(0);
    expect(await queue.snapshot()).toEqual(paused);
    await queue.resumeTag('a');
    const resumed = await queue.snapshot();
    expect(await queue.resumeTag('a')).toBe(0);
    expect(await queue.snapshot()).toEqual(resumed);
  });
});

describe('purgeTag', () => {
  it('removes what waits anywhere, and nothing of other tags', async () => {
    const { queue, running } = await busy();
    await queue.add(
      { id: 'a4', tag: 'a' },
      { id: 'b3', tag: 'b' },
      { id: 'x1', data: 'no json' },
      { id: 'a5', tag: 'a' },
    );
    expect(await queue.purgeTag('a')).toBe(4);
    const state = await soundState(queue);
    expect(state.active).toEqual(['a1']);
    expect(state.wait).toEqual(['b3', 'x1']);
    expect(state.workers.get('w1')).toMatchObject({ wait: [], next: ['b1', 'b2'] });
    expect(await queue.commit('w1', running, { fetchNext: true })).toMatchObject({ id: 'b1' });
  });

  it('removes a look-ahead', async () => {
    const { queue } = await busy();
    expect(await queue.purgeTag('b')).toBe(2);
    expect(await soundState(queue)).toMatchObject({ ahead: [], hungry: ['w1'], ring: [] });
  });

  it('removes what one worker holds of a tag twice', async () => {
    const queue = await doublyBound();
    expect(await queue.purgeTag('a')).toBe(4);
    expect(await soundState(queue)).toMatchObject({ ahead: [], active: ['a1'] });
  });

  it('looks at a window of tasks per call, and ends', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...ids('a', 7));
    await queue.dispatch();
    await queue.addMany('b', ...ids('b', 3));
    await queue.addMany('a', 'a8', 'a9');
    const call = (position: number): Promise<unknown> => queue.run('purgeTag', { args: ['a', position, 2] });
    const replies: unknown[] = [];
    for (let position = 0; position !== -2;) {
      const reply = (await call(position)) as [number, number];
      position = reply[1];
      replies.push(reply);
    }
    expect(replies).toEqual([
      [0, 2],
      [1, 3],
      [1, -1],
      [2, -1],
      [2, -1],
      [2, -1],
      [1, -1],
      [0, -2],
    ]);
    expect((await soundState(queue)).wait).toEqual(['b1', 'b2', 'b3']);
  });

  it('takes ids that are no task any more off its list, and ends behind them', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...ids('a', 7));
    await queue.dispatch();
    for (const id of ids('a', 5)) await redis.del(queue.job(id));
    await redis.zrem(queue.list('aff:seq'), 'a1', 'a2');
    expect(await queue.purgeTag('a', 2)).toBe(2);
    expect(await soundState(queue)).toMatchObject({ ring: [], seq: new Map() });
  });

  it('takes no more of them off the list in one call than a window has', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...ids('a', 7));
    await queue.dispatch();
    for (const id of ids('a', 6)) await redis.del(queue.job(id));
    const replies: unknown[] = [];
    const left: number[] = [];
    const [list] = await redis.keys(queue.list('aff:tag:*'));
    for (let position = 0; position !== -2;) {
      const reply = (await queue.run('purgeTag', { args: ['a', position, 3] })) as [number, number];
      position = reply[1];
      replies.push(reply);
      left.push(list === undefined ? 0 : await redis.llen(list));
    }
    expect(left).toEqual([4, 1, 0, 0]);
    expect(replies).toEqual([
      [0, -1],
      [0, -1],
      [1, -1],
      [0, -2],
    ]);
  });

  it('stops after a megabyte of task data', async () => {
    const queue = await newQueue();
    const payload = 'x'.repeat(600_000);
    await queue.add(...ids('b', 3).map((id) => ({ id, data: `{"identifyTag":"b","payload":"${payload}"}` })));
    expect(await queue.run('purgeTag', { args: ['a', 0, 200] })).toEqual([0, 2]);
    expect(await queue.run('purgeTag', { args: ['a', 2, 200] })).toEqual([0, -2]);
  });

  it('lets a tag without tasks wait out no back-off', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.purgeTag('a');
    await queue.addMany('a', 'a2');
    expect(await queue.dispatch()).toMatchObject({ bound: 1, dueInMs: -1 });
  });

  it('keeps the back-off while the tag has tasks', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.remove('a2');
    expect((await soundState(queue)).parked).toEqual(['a']);
  });

  it('leaves nothing of a tag behind', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...ids('a', 3));
    await queue.dispatch();
    await queue.purgeTag('a');
    const left = (await queue.allKeys()).map((key) => key.slice(queue.keys.base.length));
    expect(left.filter((key) => key.startsWith('aff:') || key.startsWith('a'))).toEqual(['aff:ctl']);
  });
});

describe('getTagStats', () => {
  const stats = (queue: Harness, tag: string): Promise<unknown> => queue.run('getTagStats', { args: [tag] });

  it('counts what waits anywhere, what runs, and names the owners', async () => {
    const { queue } = await busy();
    expect(await stats(queue, 'a')).toEqual([2, 1, 0, -1, 'w1']);
    expect(await stats(queue, 'b')).toEqual([2, 0, 0, -1, 'w1']);
    expect(await stats(queue, 'c')).toEqual([0, 0, 0, -1]);
  });

  it('counts what one worker holds of a tag twice once', async () => {
    expect(await stats(await doublyBound(), 'a')).toEqual([4, 1, 0, -1, 'w1']);
  });

  it('tells that the tag is paused or parked, and until when', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.pauseTag('a');
    const until = Math.floor(Number(await redis.zscore(queue.list('aff:parked'), 'a')));
    expect(await stats(queue, 'a')).toEqual([1, 0, 1, until]);
  });
});

describe('setLimits', () => {
  it('makes a tag ready that may have one more owner, and not ready that has too many', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch({ maxBatchSize: 1 });
    expect((await soundState(queue)).ring).toEqual([]);
    await queue.setLimits(1, { a: 2 });
    expect((await soundState(queue)).ring).toEqual(['a']);
    await queue.setLimits(3, { a: 1 });
    expect((await soundState(queue)).ring).toEqual([]);
    await queue.setLimits(3);
    expect((await soundState(queue)).ring).toEqual(['a']);
    expect(await redis.exists(queue.list('aff:limits'))).toBe(0);
  });

  it('keeps limits of tags with any name', async () => {
    const queue = await newQueue();
    await queue.setLimits(
      1,
      Object.fromEntries([
        ['__proto__', 2],
        ['a b:*', 3],
        ['', 4],
      ]),
    );
    expect((await soundState(queue)).limits).toEqual(
      new Map([
        ['__proto__', 2],
        ['a b:*', 3],
        ['', 4],
      ]),
    );
  });

  it('changes nothing when it is repeated', async () => {
    const { queue } = await busy();
    await queue.setLimits(2, { a: 1 });
    const before = await queue.snapshot();
    await queue.setLimits(2, { a: 1 });
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each([[[0]], [['many']], [[1, 'a']], [[1, 'a', 0]]])(
    'refuses %j before anything is written',
    async (args) => {
      const { queue } = await busy();
      const before = await queue.snapshot();
      const call = queue.run('setLimits', { caller: queue.leader, args });
      await expect(call).rejects.toThrow(InvalidScriptArgumentError);
      expect(await queue.snapshot()).toEqual(before);
    },
  );

  it('is refused to a leader of an older term', async () => {
    const { queue } = await busy();
    const before = await snapshotWithoutMarker(queue);
    await expect(queue.run('setLimits', { caller: 'leader:0', args: [5] })).rejects.toThrow(StaleLeaderError);
    expect(await snapshotWithoutMarker(queue)).toEqual(before);
  });
});

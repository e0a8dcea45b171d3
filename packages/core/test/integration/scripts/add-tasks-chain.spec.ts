import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Harness } from './support/harness.js';
import { eventsOf, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

let queue: Harness;
beforeEach(async () => {
  queue = await newQueue();
});

interface Call {
  readonly chain: string;
  readonly number: number;
  readonly ids: readonly string[];
}

/** @returns how many it added, and the chain that it was granted */
async function send({ chain, number, ids }: Call): Promise<{ added: number; granted?: string }> {
  const tasks = ids.flatMap((id) => [1, id, 'a', `{"identifyTag":"a","payload":"${id}"}`]);
  const args = [chain, number, 1, 'type', '{"attempts":3}', 7, ...tasks];
  const reply = (await queue.run('addTasks', { args })) as number | [number, string];
  return Array.isArray(reply) ? { added: reply[0], granted: reply[1] } : { added: reply };
}

/** The first call, and what makes the next ones on the chain that it was granted. */
async function begin(): Promise<(number: number) => Call> {
  const { granted: chain } = await send({ chain: '', number: 1, ids: ['a1', 'a2'] });
  return (number) => ({ chain: chain!, number, ids: [`b${number}`, `c${number}`] });
}

const keyOf = (chain: string) => queue.list(`aff:call:${chain}`);
const indexed = () => redis.zrange(queue.list('aff:seq'), 0, '-1');

/** Whether a call looks for its ids: then it does not add one that is there. */
async function looks(call: Call): Promise<boolean> {
  await redis.hset(queue.job(call.ids[0]!), 'name', 'type', 'timestamp', 1);
  const { added } = await send(call);
  return added < call.ids.length;
}

describe('addTasks on a chain', () => {
  it('grants one to the first call, which expires', async () => {
    const { added, granted } = await send({ chain: '', number: 1, ids: ['a1', 'a2'] });
    expect([added, granted]).toEqual([2, expect.stringMatching(/^a1:\d+:\d+$/)]);
    expect(await redis.get(keyOf(granted!))).toBe('0');
    expect(await redis.ttl(keyOf(granted!))).toBeGreaterThan(50);
    expect(await indexed()).toEqual(['a1', 'a2']);
  });

  it('does not look for the ids of calls that come in turn, and keeps the chain alive', async () => {
    const call = await begin();
    expect(await looks({ chain: '', number: 1, ids: ['x'] })).toBe(true);
    for (const number of [1, 2, 3]) {
      await redis.expire(keyOf(call(1).chain), 10);
      expect(await looks(call(number))).toBe(false);
      expect(await redis.ttl(keyOf(call(1).chain))).toBeGreaterThan(50);
    }
    expect(await redis.get(keyOf(call(1).chain))).toBe('3');
  });

  it('adds a call once that is sent again, and ends its chain', async () => {
    const call = await begin();
    expect(await send(call(1))).toEqual({ added: 2 });
    const again = await send(call(1));
    expect(again).toEqual({ added: 0, granted: expect.stringMatching(/^b1:/) });
    expect(await redis.exists(keyOf(call(1).chain))).toBe(0);
    expect(await send({ ...call(2), chain: again.granted!, number: 1 })).toEqual({ added: 2 });
    expect(await indexed()).toEqual(['a1', 'a2', 'b1', 'c1', 'b2', 'c2']);
    expect((await eventsOf(queue, 'duplicated')).map(({ jobId }) => jobId)).toEqual(['b1', 'c1']);
  });

  it('adds the first call once that is sent again: each time it is granted another chain', async () => {
    const first = { chain: '', number: 1, ids: ['a1', 'a2'] };
    const chains = [await send(first), await send(first), await send(first)].map(({ granted }) => granted);
    expect(new Set(chains).size).toBe(3);
    expect(await indexed()).toEqual(['a1', 'a2']);
  });

  it.each([
    ['sent again after the next one', [1, 2, 1]],
    ['sent again together with the next one', [1, 2, 1, 2]],
    ['sent again together with the next ones, in another order', [1, 2, 3, 2, 1, 3, 1, 2, 3]],
    ['executed after the next one', [2, 1, 2, 1]],
    ['executed long after the next ones', [1, 3, 2, 3, 4, 2, 3, 4]],
    ['never executed, unlike the next one', [1, 3, 3, 4, 3, 4]],
  ])('adds calls once, with one that is %s', async (_what, numbers) => {
    const call = await begin();
    for (const number of numbers) await send(call(number));
    const executed = [...new Set(numbers)];
    expect(await indexed()).toEqual(['a1', 'a2', ...executed.flatMap((number) => call(number).ids)]);
    expect((await soundState(queue)).tags.get('a')).toEqual(await indexed());
  });

  it.each([
    ['expired', async (key: string) => redis.pexpire(key, 0)],
    ['evicted', async (key: string) => redis.del(key)],
  ])('adds calls once whose chain was %s, in whatever order they are sent again', async (_what, end) => {
    const call = await begin();
    for (const number of [1, 2, 3]) await send(call(number));
    await end(keyOf(call(1).chain));
    // As if nothing had been executed: a key that these made anew would take 2 and 3 for new ones.
    for (const number of [1, 2, 3, 2, 3]) {
      expect(await send(call(number))).toMatchObject({ added: 0, granted: expect.any(String) });
    }
    expect(await indexed()).toEqual(['a1', 'a2', 'b1', 'c1', 'b2', 'c2', 'b3', 'c3']);
  });

  it('is on none without a number: looks for each id', async () => {
    const call = await begin();
    const given = { chain: '', number: '' as never, ids: ['a1', 'd1'] };
    expect(await send(given)).toEqual({ added: 1 });
    expect(await send(call(1))).toEqual({ added: 2 });
  });

  it('a call that fails adds nothing, and is looked at when it is sent again', async () => {
    const call = await begin();
    await redis.rename(queue.list('id'), queue.list('kept'));
    await redis.set(queue.list('id'), 'x');
    await expect(send(call(1))).rejects.toThrow(/ERR/);
    await redis.rename(queue.list('kept'), queue.list('id'));
    expect(await send(call(1))).toMatchObject({ added: 2, granted: expect.any(String) });
    expect(await send(call(1))).toMatchObject({ added: 0 });
    expect(await indexed()).toEqual(['a1', 'a2', 'b1', 'c1']);
  });
});

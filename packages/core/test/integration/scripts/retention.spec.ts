import { describe, expect, it } from '@jest/globals';
import type { Harness, Taken } from './support/harness.js';
import { eventsOf, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

describe('the retention of commitTasks', () => {
  /** So many completed tasks, the oldest first, an hour apart; the last one ends now. */
  async function withCompleted(count: number): Promise<{ queue: Harness; ids: string[] }> {
    const queue = await newQueue();
    const ids = Array.from({ length: count }, (_, i) => `old${i + 1}`);
    const pipeline = redis.pipeline();
    ids.forEach((id, i) => {
      pipeline.hset(queue.job(id), 'name', 'type', 'timestamp', 1);
      pipeline.rpush(`${queue.job(id)}:logs`, 'row');
      pipeline.zadd(queue.list('completed'), Date.now() - (count - i) * 3_600_000, id);
    });
    await pipeline.exec();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.dispatch();
    return { queue, ids };
  }

  const kept = (queue: Harness): Promise<string[]> => redis.zrange(queue.list('completed'), 0, '-1');

  it('keeps a small number exactly', async () => {
    const { queue } = await withCompleted(5);
    await queue.complete([{ worker: 'w1', task: await queue.take('w1'), keepCount: 3 }]);
    expect(await kept(queue)).toEqual(['old4', 'old5', 'a1']);
    expect(await redis.exists(queue.job('old3'), `${queue.job('old3')}:logs`)).toBe(0);
    expect(await redis.exists(queue.job('old4'), `${queue.job('old4')}:logs`)).toBe(2);
  });

  it('may keep a tenth more of a large number, and never fewer than asked for', async () => {
    const { queue } = await withCompleted(20);
    const first = await queue.take('w1');
    const [second] = await queue.complete([{ worker: 'w1', task: first, keepCount: 20, fetchNext: true }]);
    expect(await kept(queue)).toHaveLength(21);
    const next = { worker: 'w1', task: second as Taken, keepCount: 20, fetchNext: true };
    const [third] = await queue.complete([next]);
    expect(await kept(queue)).toHaveLength(22);
    await queue.complete([{ worker: 'w1', task: third as Taken, keepCount: 20 }]);
    expect(await kept(queue)).toHaveLength(20);
    expect((await kept(queue)).slice(-3)).toEqual(['a1', 'a2', 'a3']);
  });

  it('is bounded: a number that was lowered is reached in several steps', async () => {
    const { queue } = await withCompleted(400);
    const first = await queue.take('w1');
    const [second] = await queue.complete([{ worker: 'w1', task: first, keepCount: 2, fetchNext: true }]);
    expect(await kept(queue)).toHaveLength(251);
    await queue.complete([{ worker: 'w1', task: second as Taken, keepCount: 2 }]);
    expect(await kept(queue)).toHaveLength(102);
  });

  it('removes what is older than asked for', async () => {
    const { queue } = await withCompleted(5);
    await queue.complete([{ worker: 'w1', task: await queue.take('w1'), keepAge: 2.5 * 3_600 }]);
    expect(await kept(queue)).toEqual(['old4', 'old5', 'a1']);
  });

  it('keeps all, or nothing of the task itself', async () => {
    const { queue } = await withCompleted(5);
    const [second] = await queue.complete([{ worker: 'w1', task: await queue.take('w1'), fetchNext: true }]);
    await redis.rpush(`${queue.job('a2')}:logs`, 'row');
    await queue.complete([{ worker: 'w1', task: second as Taken, keepCount: 0 }]);
    expect(await kept(queue)).toHaveLength(6);
    expect(await redis.exists(queue.job('a2'), `${queue.job('a2')}:logs`)).toBe(0);
    expect(await eventsOf(queue, 'completed')).toMatchObject([{ jobId: 'a1' }, { jobId: 'a2' }]);
  });

  it('removes the log of a task whose handler wrote one', async () => {
    const { queue } = await withCompleted(0);
    const first = await queue.take('w1');
    const keys = [queue.job('a1'), `${queue.job('a1')}:logs`];
    await queue.run('addTaskLog', { caller: 'w1', keys, args: [first.attempt, 'a1', 'a1', 'row', ''] });
    const [second] = await queue.complete([{ worker: 'w1', task: first, fetchNext: true }]);
    expect(await redis.exists(`${queue.job('a1')}:logs`)).toBe(1);
    await queue.complete([{ worker: 'w1', task: second as Taken, keepCount: 1 }]);
    expect(await redis.exists(queue.job('a1'), `${queue.job('a1')}:logs`)).toBe(0);
  });

  it.each([
    ['logs', (key: string) => redis.rpush(key, 'row')],
    ['processed', (key: string) => redis.hset(key, 'some:child', '1')],
  ])('notices that tasks have %s by the first that it removes, and remembers it', async (suffix, write) => {
    const { queue } = await withCompleted(0);
    const beside = (id: string): string => `${queue.job(id)}:${suffix}`;
    await write(beside('a1'));
    const [second] = await queue.complete([{ worker: 'w1', task: await queue.take('w1'), fetchNext: true }]);
    const next = { worker: 'w1', task: second as Taken, keepCount: 1, fetchNext: true };
    const [third] = await queue.complete([next]);
    expect(await redis.exists(queue.job('a1'), beside('a1'))).toBe(0);
    await write(beside('a2'));
    await write(beside('a3'));
    await queue.complete([{ worker: 'w1', task: third as Taken, keepCount: 1 }]);
    expect([await redis.exists(beside('a2')), await redis.exists(beside('a3'))]).toEqual([0, 1]);
  });

  it("removes the keys of children with a task that BullMQ's own script completed", async () => {
    const { queue } = await withCompleted(0);
    const first = await queue.take('w1');
    await redis.hset(`${queue.job('a1')}:processed`, 'some:child', '1');
    const second = (await queue.commit('w1', first, { fetchNext: true })) as Taken;
    expect(await redis.exists(`${queue.job('a1')}:processed`)).toBe(1);
    await queue.complete([{ worker: 'w1', task: second, keepCount: 1 }]);
    expect(await kept(queue)).toEqual(['a2']);
    expect(await redis.exists(queue.job('a1'), `${queue.job('a1')}:processed`)).toBe(0);
  });
});

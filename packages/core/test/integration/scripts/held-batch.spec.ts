import { describe, expect, it } from '@jest/globals';
import { notPlainCode } from '../../../src/errors/luaErrors.js';
import { completionOf, readStanding } from '../../../src/bullmq/standing.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

/** Tasks a1, a2, ... are indexed, and as many of them as one batch holds are bound to w1. */
async function withBatch(size: number, maxBatchSize = 10): Promise<Harness> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', ...Array.from({ length: size }, (_, i) => `a${i + 1}`));
  await queue.dispatch({ maxBatchSize });
  return queue;
}

/** As a worker asks that has something to do before its batch may end. */
const takeHolding = (queue: Harness): Promise<unknown> =>
  queue.run('takeTask', { caller: 'w1', args: ['w1', Date.now(), 1] });

const over = (reason: string): unknown => [0, 0, 0, 0, reason];

async function completeHolding(queue: Harness, { standing }: Taken): Promise<unknown> {
  const told = completionOf(standing, readStanding(standing), false);
  const args = [Date.now(), 0, '2', 'w1', ...told, ':', 'null'];
  const [reply] = (await queue.run('commitTasks', { caller: 'node', args })) as unknown[];
  return reply;
}

describe('a batch that its worker holds', () => {
  it('goes on as any other while it has tasks', async () => {
    const queue = await withBatch(2);
    const first = await queue.take('w1', 'w1');
    const [standing, data] = (await completeHolding(queue, first)) as string[];
    expect(standing).toBe(`0:1:2:${first.fence}:2:4:a1:1 a2`);
    expect(JSON.parse(data!)).toEqual({ identifyTag: 'a', payload: 'a2' });
    expect((await soundState(queue)).active).toEqual(['a2']);
  });

  it.each([
    ['empty', 1, async () => undefined],
    ['limit', 2, async () => undefined],
    ['paused', 2, (queue: Harness) => queue.pauseTag('a')],
  ])('is over (%s), and ends only at a take that does not hold it', async (reason, size, before) => {
    const queue = await withBatch(size, 1);
    const task = await queue.take('w1', 'w1');
    await before(queue);
    await calm(queue);
    expect(await completeHolding(queue, task)).toEqual(over(reason));
    expect(await takeHolding(queue)).toEqual(over(reason));
    const held = await soundState(queue);
    expect(held.workers.get('w1')!.meta).toMatchObject({ tag: 'a', last: 'a1:1' });
    expect(await redis.hgetall(queue.list('aff:owners'))).toEqual({ a: 'w1' });
    expect([await eventsOf(queue, 'released'), await isWoken(queue)]).toEqual([[], false]);

    expect(await queue.takeReply('w1')).toBeUndefined();
    expect((await soundState(queue)).workers.get('w1')!.meta).not.toHaveProperty('tag');
    expect(await eventsOf(queue, 'released')).toMatchObject([{ identifyTag: 'a', reason }]);
  });

  it('leaves a commit that is repeated to commitTask, and tells it again at the take', async () => {
    const queue = await withBatch(1);
    const task = await queue.take('w1', 'w1');
    await completeHolding(queue, task);
    expect(await completeHolding(queue, task)).toBe(notPlainCode);
    expect(await queue.commit('w1', task)).toBeUndefined();
    expect(await takeHolding(queue)).toEqual(over('empty'));
  });

  it('takes tasks that join it meanwhile', async () => {
    const queue = await withBatch(1);
    const task = await queue.take('w1', 'w1');
    expect(await completeHolding(queue, task)).toEqual(over('empty'));
    await queue.addMany('a', 'a2');
    await queue.dispatch();
    const next = await queue.take('w1', 'w1');
    expect(next).toMatchObject({ id: 'a2', position: 2, fence: task.fence });
    await soundState(queue);
  });

  it('keeps its look-ahead waiting until it ends', async () => {
    const queue = await withBatch(1);
    const task = await queue.take('w1', 'w1');
    await redis.hset(queue.worker('w1', 'meta'), 'short', '1');
    await redis.rpush(queue.list('aff:hungry'), 'w1');
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    expect(await completeHolding(queue, task)).toEqual(over('empty'));
    expect((await soundState(queue)).workers.get('w1')!.meta).toMatchObject({ tag: 'a', ntag: 'b' });
    expect(await queue.take('w1', 'w1')).toMatchObject({ id: 'b1', tag: 'b' });
  });

  it('is not over while the queue is paused, or the worker leaves', async () => {
    const queue = await withBatch(1);
    const task = await queue.take('w1', 'w1');
    await queue.pauseQueue();
    expect(await completeHolding(queue, task)).toEqual([0, 0, 0, 0]);
    await queue.resumeQueue();
    expect(await takeHolding(queue)).toEqual(over('empty'));
    await queue.run('leaveWorker', { caller: 'w1' });
    expect(await takeHolding(queue)).toEqual([0, 0, 0, 0]);
  });

  it('is over where its worker has none any more', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    expect(await takeHolding(queue)).toEqual(over('empty'));
    expect(await queue.takeReply('w1')).toBeUndefined();
  });
});

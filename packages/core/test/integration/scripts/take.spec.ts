import { describe, expect, it } from '@jest/globals';
import { WorkerFencedError } from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

/** Tasks a1, a2, ... are bound to w1. */
async function withBatch(size: number, maxBatchSize = 10): Promise<Harness> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', ...Array.from({ length: size }, (_, i) => `a${i + 1}`));
  await queue.dispatch({ maxBatchSize });
  return queue;
}

describe('takeTask', () => {
  it('gives the next task, locked and active, with what its handler needs', async () => {
    const queue = await withBatch(2);
    const task = await queue.take('w1', 'token-1');
    const { meta } = (await soundState(queue)).workers.get('w1')!;
    expect(task).toMatchObject({ id: 'a1', attempt: '1', tag: 'a', position: 1, fence: meta.fence });
    expect(task.fields).toMatchObject({
      name: 'type',
      pb: 'w1',
      ats: '1',
      data: '{"identifyTag":"a","payload":"a1"}',
    });
    expect(Number(task.fields.processedOn)).toBeGreaterThan(Date.now() - 60_000);
    expect(meta).toMatchObject({ cur: 'a1', att: '1', seq: '1', done: '1' });
    expect(await redis.get(`${queue.job('a1')}:lock`)).toBe('token-1');
    expect(await redis.pttl(`${queue.job('a1')}:lock`)).toBe(-1);
    expect(await eventsOf(queue, 'active')).toEqual([{ event: 'active', jobId: 'a1', prev: 'waiting' }]);
  });

  it('gives the same task again while it runs, under the new token', async () => {
    const queue = await withBatch(2);
    const task = await queue.take('w1', 'token-1');
    const again = await queue.take('w1', 'token-2');
    expect(again).toEqual({ ...task, token: 'token-2' });
    expect(await redis.get(`${queue.job('a1')}:lock`)).toBe('token-2');
    expect((await soundState(queue)).active).toEqual(['a1']);
    await queue.pauseQueue();
    expect(await queue.take('w1', 'token-3')).toMatchObject({ id: 'a1' });
  });

  it('goes on with the next task when the hash of the current one is gone', async () => {
    const queue = await withBatch(2);
    await queue.take('w1');
    await redis.del(queue.job('a1'));
    expect(await queue.take('w1')).toMatchObject({ id: 'a2', position: 2 });
    expect((await soundState(queue)).active).toEqual(['a2']);
    expect(await redis.exists(`${queue.job('a1')}:lock`)).toBe(0);
  });

  it('is refused to a worker that is not registered, and leaves everything as it is', async () => {
    const queue = await withBatch(1);
    await queue.recover('w1');
    const before = await queue.snapshot();
    await expect(queue.takeReply('w1')).rejects.toThrow(WorkerFencedError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('skips ids whose hash is gone', async () => {
    const queue = await withBatch(4);
    await redis.del(queue.job('a1'), queue.job('a2'));
    expect(await queue.take('w1')).toMatchObject({ id: 'a3', position: 1 });
    expect([...(await soundState(queue)).seq.keys()]).toEqual(['a4']);
  });

  it('never runs a task twice that was removed behind its back and added again', async () => {
    const queue = await withBatch(1);
    await redis.del(queue.job('a1'));
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    const first = await queue.take('w1');
    expect(first).toMatchObject({ id: 'a1', attempt: '1' });
    expect(await queue.commit('w1', first, { fetchNext: true })).toBeUndefined();
    expect(await queue.takeReply('w1')).toBeUndefined();
    expect((await soundState(queue)).completed).toEqual(['a1']);
    expect(await redis.hget(queue.job('a1'), 'ats')).toBe('1');
  });

  it('never takes a finished task that a list still names', async () => {
    const queue = await withBatch(2);
    await queue.commit('w1', await queue.take('w1'));
    await redis.rpush(queue.worker('w1', 'wait'), 'a1');
    expect(await queue.take('w1')).toMatchObject({ id: 'a2' });
  });

  it('gives nothing while the queue is paused, and the batch stays', async () => {
    const queue = await withBatch(1);
    await queue.pauseQueue();
    expect(await queue.takeReply('w1')).toBeUndefined();
    expect((await soundState(queue)).workers.get('w1')).toMatchObject({ wait: ['a1'], meta: { tag: 'a' } });
    await calm(queue);
    await queue.resumeQueue();
    expect(await isWoken(queue, 'w1')).toBe(true);
    expect(await queue.take('w1')).toMatchObject({ id: 'a1' });
  });

  it('gives nothing to a worker without a batch', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    const before = await queue.snapshot();
    expect(await queue.takeReply('w1')).toBeUndefined();
    expect(await queue.snapshot()).toEqual(before);
  });
});

describe("BullMQ's global rate limit", () => {
  async function limited(max: number): Promise<Harness> {
    const queue = await withBatch(4);
    await redis.hset(queue.list('meta'), 'max', max, 'duration', 60_000);
    return queue;
  }

  it('lets so many tasks start in its duration, and says how long to wait then', async () => {
    const queue = await limited(2);
    const first = await queue.take('w1');
    const second = (await queue.commit('w1', first, { fetchNext: true })) as Taken;
    const waitMs = await queue.commit('w1', second, { fetchNext: true });
    expect(waitMs).toBeGreaterThan(30_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    const { workers, completed } = await soundState(queue);
    expect(workers.get('w1')?.wait).toEqual(['a3', 'a4']);
    expect(completed).toEqual(['a1', 'a2']);
    await redis.del(queue.list('limiter'));
    expect(await queue.take('w1')).toMatchObject({ id: 'a3' });
  });

  it.each([
    ['no duration', { max: '2', duration: '' }],
    ['a duration that is no number', { max: '2', duration: 'long' }],
    ['a number of starts that is none', { max: 'x', duration: '60000' }],
    ['nothing in either', { max: '', duration: '' }],
  ])('loses no task where somebody wrote %s', async (_name, meta) => {
    const queue = await withBatch(4);
    await redis.hset(queue.list('meta'), meta);
    const started: string[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      const taken = await queue.takeReply('w1');
      if (typeof taken === 'number') await redis.del(queue.list('limiter'));
      if (typeof taken !== 'object') continue;
      started.push(taken.id);
      await queue.complete([{ worker: 'w1', task: taken }]);
    }
    expect(started).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect((await soundState(queue)).completed).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('does not count a task that is given again, nor one that will fail without running', async () => {
    const queue = await limited(1);
    await redis.hset(queue.job('a1'), 'defa', 'a reason');
    const first = await queue.take('w1');
    await queue.take('w1');
    expect(await redis.get(queue.list('limiter'))).toBeNull();
    const second = (await queue.commit('w1', first, { failed: true, fetchNext: true })) as Taken;
    expect(second).toMatchObject({ id: 'a2' });
    await queue.takeReply('w1');
    expect(await redis.get(queue.list('limiter'))).toBe('1');
  });

  it('does not last for ever when its key has no expiry', async () => {
    const queue = await limited(1);
    await redis.set(queue.list('limiter'), 5);
    expect(await queue.take('w1')).toMatchObject({ id: 'a1' });
    expect(await redis.pttl(queue.list('limiter'))).toBeGreaterThan(0);
  });
});

describe('the end of a batch', () => {
  async function runOut(queue: Harness): Promise<void> {
    let task = await queue.takeReply('w1');
    while (typeof task === 'object') task = await queue.commit('w1', task, { fetchNext: true });
  }

  it('makes the worker idle and frees the tag when it has no more', async () => {
    const queue = await withBatch(2);
    await calm(queue);
    await runOut(queue);
    const { idle, owners, workers } = await soundState(queue);
    expect([idle, [...owners], workers.get('w1')?.meta.tag]).toEqual([['w1'], [], undefined]);
    expect(await isWoken(queue)).toBe(false);
    expect(await eventsOf(queue, 'released')).toEqual([
      { event: 'released', identifyTag: 'a', workerId: 'w1', size: '2', reason: 'empty' },
    ]);
    expect(await redis.hgetall(queue.keys.workerState('w1'))).toEqual({
      workerId: 'w1',
      status: 'idle',
      currentIdentifyTag: '',
      currentBatchSize: '0',
    });
  });

  it('puts a tag that has more at the end of the ring and wakes the leader', async () => {
    const queue = await withBatch(3, 2);
    await queue.addMany('b', 'b1');
    await queue.dispatch({ maxBatchSize: 2 });
    await calm(queue);
    await runOut(queue);
    expect((await soundState(queue)).ring).toEqual(['b', 'a']);
    expect(await isWoken(queue)).toBe(true);
    expect(await eventsOf(queue, 'released')).toMatchObject([{ reason: 'limit', size: '2' }]);
  });

  it('says so when it ends because the tag was paused', async () => {
    const queue = await withBatch(3);
    const task = await queue.take('w1');
    await queue.pauseTag('a');
    expect(await queue.commit('w1', task, { fetchNext: true })).toBeUndefined();
    expect(await eventsOf(queue, 'released')).toMatchObject([{ reason: 'paused' }]);
    expect((await soundState(queue)).tags.get('a')).toEqual(['a2', 'a3']);
  });

  it('comes when all that was left of it has been removed', async () => {
    const queue = await withBatch(2);
    await queue.remove('a1');
    await queue.remove('a2');
    expect(await queue.takeReply('w1')).toBeUndefined();
    expect(await soundState(queue)).toMatchObject({ idle: ['w1'], ring: [] });
  });
});

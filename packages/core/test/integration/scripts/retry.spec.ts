import { describe, expect, it } from '@jest/globals';
import { FlowProducer } from 'bullmq';
import {
  InvalidScriptArgumentError,
  NotTaskOwnerError,
  WorkerFencedError,
} from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

async function withTasks(...ids: readonly string[]): Promise<Harness> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', ...ids);
  await queue.dispatch();
  return queue;
}

describe('retryTask', () => {
  it('puts the task and the rest of its batch back at the head of the tag, in order, and parks the tag', async () => {
    const queue = await withTasks('a1', 'a2', 'a3', 'a4');
    const second = (await queue.commit('w1', await queue.take('w1'), { fetchNext: true })) as Taken;
    await queue.addMany('a', 'a5');
    await queue.pauseQueue();
    await queue.dispatch();
    await queue.resumeQueue();
    await calm(queue);
    const start = Date.now();
    expect(await queue.retry('w1', second, { delayMs: 60_000, fetchNext: true })).toBeUndefined();
    const state = await soundState(queue);
    expect(state.tags.get('a')).toEqual(['a2', 'a3', 'a4', 'a5']);
    expect(state).toMatchObject({ idle: ['w1'], ring: [], parked: ['a'], active: [] });
    const parkedUntil = Number(await redis.zscore(queue.list('aff:parked'), 'a'));
    expect(parkedUntil).toBeGreaterThanOrEqual(start + 59_000);
    expect(parkedUntil).toBeLessThanOrEqual(Date.now() + 61_000);
    expect(await isWoken(queue)).toBe(true); // somebody has to unpark it
    expect(await eventsOf(queue, 'retried')).toEqual([
      { event: 'retried', jobId: 'a2', attemptsMade: '1', delay: '60000' },
    ]);
    expect(await eventsOf(queue, 'released')).toMatchObject([{ reason: 'retry' }]);
  });

  it('joins the end of the ring at once without a back-off', async () => {
    const queue = await withTasks('a1');
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'));
    expect(await soundState(queue)).toMatchObject({ ring: ['b', 'a'], parked: [] });
    await queue.dispatch();
    expect(await queue.take('w1')).toMatchObject({ id: 'b1' });
  });

  it('runs the same attempt numbers as BullMQ would, and keeps the place in the order', async () => {
    const queue = await withTasks('a1', 'a2');
    const first = await queue.take('w1');
    await queue.retry('w1', first, { fields: ['failedReason', 'once \ud83d', 'stacktrace', '["x"]'] });
    expect(await redis.hgetall(queue.job('a1'))).toMatchObject({ atm: '1', stacktrace: '["x"]' });
    expect(await redis.zscore(queue.list('aff:seq'), 'a1')).toBe('1');
    await queue.dispatch();
    expect(await queue.take('w1')).toMatchObject({ id: 'a1', attempt: '2', position: 1 });
  });

  it('does not count an attempt that the handler handed back', async () => {
    const queue = await withTasks('a1');
    await queue.retry('w1', await queue.take('w1'), { counts: false });
    expect(await redis.hget(queue.job('a1'), 'atm')).toBeNull();
    expect(await eventsOf(queue, 'retried')).toEqual([]);
    expect(await eventsOf(queue, 'waiting')).toMatchObject([{ jobId: 'a1', prev: 'active' }]);
  });

  it('goes on with the look-ahead, which stays', async () => {
    const queue = await withTasks('a1', 'a2', 'a3');
    const second = (await queue.commit('w1', await queue.take('w1'), {
      fetchNext: true,
      short: true,
    })) as Taken;
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    const next = await queue.retry('w1', second, { delayMs: 60_000, fetchNext: true, short: true });
    expect(next).toMatchObject({ id: 'b1', tag: 'b' });
    expect((await soundState(queue)).tags.get('a')).toEqual(['a2', 'a3']);
  });

  it.each([0, 60_000])(
    'gives the same reply when the first one was lost (back-off %s ms)',
    async (delayMs) => {
      const queue = await withTasks('a1', 'a2');
      const task = await queue.take('w1');
      const reply = await queue.retry('w1', task, { delayMs, fetchNext: true });
      const before = await queue.snapshot();
      expect(await queue.retry('w1', task, { delayMs, fetchNext: true })).toEqual(reply);
      expect(await queue.snapshot()).toEqual(before);
    },
  );

  it('does not cut short a back-off that lasts longer', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.setLimits(2);
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch({ maxBatchSize: 1 });
    await queue.retry('w1', await queue.take('w1'), { delayMs: 3_600_000 });
    await queue.retry('w2', await queue.take('w2'), { delayMs: 1_000 });
    expect(Number(await redis.zscore(queue.list('aff:parked'), 'a'))).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it('puts a batch of 1,000 back', async () => {
    const queue = await newQueue();
    const ids = Array.from({ length: 1_000 }, (_, i) => `a${i + 1}`);
    await queue.register('w1');
    await queue.addMany('a', ...ids);
    await queue.dispatch({ maxIds: 1_000, maxBatchSize: 1_000 });
    await queue.retry('w1', await queue.take('w1'));
    expect((await soundState(queue)).tags.get('a')).toEqual(ids);
  });

  it.each([
    ['a field without a value', { fields: ['failedReason'] }],
    ['a back-off that is no number', { delayMs: 'soon' as never }],
  ])('refuses %s before anything is written', async (_, options) => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    const before = await queue.snapshot();
    await expect(queue.retry('w1', task, options)).rejects.toThrow(InvalidScriptArgumentError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is refused to a worker that was declared dead', async () => {
    const queue = await withTasks('a1');
    const zombie = await queue.take('w1');
    await queue.recover('w1');
    const before = await queue.snapshot();
    await expect(queue.retry('w1', zombie)).rejects.toThrow(WorkerFencedError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('does not depend on the lock', async () => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.del(`${queue.job('a1')}:lock`);
    await queue.retry('w1', task);
    expect((await soundState(queue)).tags.get('a')).toEqual(['a1']);
  });

  it.each([
    ['whose hash is gone', -1, (queue: Harness) => redis.del(queue.job('a1'))],
    ['that is not active any more', -3, (queue: Harness) => redis.lrem(queue.list('active'), 0, 'a1')],
    ['that somebody else has started', -3, (queue: Harness) => redis.hincrby(queue.job('a1'), 'ats', 1)],
  ])('does not put a task back %s', async (_, code, interfere) => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await interfere(queue);
    expect(await queue.retry('w1', task)).toBe(code);
    expect(await redis.zscore(queue.list('aff:seq'), 'a1')).toBeNull();
    expect(await queue.take('w1')).toMatchObject({ id: 'a2' });
  });
});

describe('delayTask', () => {
  it('puts the task into delayed while its worker goes on with the batch', async () => {
    const queue = await withTasks('a1', 'a2');
    await calm(queue);
    const next = await queue.delay('w1', await queue.take('w1'), { delayMs: 60_000, fetchNext: true });
    expect(next).toMatchObject({ id: 'a2', position: 2 });
    expect(await soundState(queue)).toMatchObject({ delayed: ['a1'], active: ['a2'], parked: [] });
    expect(await redis.hmget(queue.job('a1'), 'atm', 'delay')).toEqual(['1', '60000']);
    expect(await isWoken(queue)).toBe(true);
    expect(await eventsOf(queue, 'retried')).toMatchObject([
      { jobId: 'a1', attemptsMade: '1', delay: '60000' },
    ]);
  });

  it("rejoins at its tag's end", async () => {
    const queue = await withTasks('a1', 'a2');
    await queue.delay('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.addMany('a', 'a3');
    await queue.dispatch();
    await queue.letTimePass();
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.wait).toEqual(['a2', 'a3', 'a1']);
  });

  it('counts no attempt and tells of no retry when the handler delayed its task', async () => {
    const queue = await withTasks('a1');
    await queue.delay('w1', await queue.take('w1'), { delayMs: 60_000, byHandler: true });
    expect(await redis.hget(queue.job('a1'), 'atm')).toBeNull();
    expect(await eventsOf(queue, 'retried')).toEqual([]);
    expect(await eventsOf(queue, 'delayed')).toMatchObject([{ jobId: 'a1' }]);
  });

  it('leaves no lock when the handler named no token', async () => {
    const queue = await withTasks('a1');
    await queue.delay('w1', await queue.take('w1'), { delayMs: 60_000, byHandler: true, token: '0' });
    expect(await redis.exists(`${queue.job('a1')}:lock`)).toBe(0);
    expect((await soundState(queue)).delayed).toEqual(['a1']);
  });

  it.each([true, false])(
    'gives the same reply when the first one was lost (next task: %s)',
    async (fetchNext) => {
      const queue = await withTasks('a1', 'a2');
      const task = await queue.take('w1');
      const reply = await queue.delay('w1', task, { delayMs: 60_000, fetchNext });
      const before = await queue.snapshot();
      expect(await queue.delay('w1', task, { delayMs: 60_000, fetchNext })).toEqual(reply);
      expect(await queue.snapshot()).toEqual(before);
    },
  );

  it('is refused to a worker that was declared dead, and for an attempt that it does not run', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    const before = await queue.snapshot();
    await expect(queue.delay('w1', { ...task, attempt: '7' })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
    await queue.recover('w1');
    const after = await queue.snapshot();
    await expect(queue.delay('w1', task)).rejects.toThrow(WorkerFencedError);
    expect(await queue.snapshot()).toEqual(after);
  });

  it('does not depend on the lock, and forgets a task whose hash is gone', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.del(`${queue.job('a1')}:lock`);
    const second = (await queue.delay('w1', task, { delayMs: 60_000, fetchNext: true })) as Taken;
    expect((await soundState(queue)).delayed).toEqual(['a1']);
    await redis.del(queue.job('a2'));
    expect(await queue.delay('w1', second)).toBe(-1);
    expect((await soundState(queue)).active).toEqual([]);
  });
});

describe('awaitChildren', () => {
  async function withFlow(): Promise<{
    queue: Harness;
    parent: Taken;
    await(task?: Taken): Promise<unknown>;
  }> {
    const queue = await newQueue();
    await queue.register('w1');
    const flow = new FlowProducer({ connection: redis, prefix: 'bull' });
    const data = (payload: string) => ({ identifyTag: 'a', payload });
    const { pendingQueueName: queueName } = queue;
    await flow.add({
      name: 'type',
      queueName,
      data: data('parent'),
      opts: { jobId: 'p1', failParentOnFailure: false },
      children: [
        { name: 'type', queueName, data: { identifyTag: 'b', payload: 'child' }, opts: { jobId: 'c1' } },
      ],
    });
    await flow.close();
    // BullMQ holds a parent back until its children are done; this one is already at work.
    await redis.zrem(queue.list('waiting-children'), 'p1');
    await redis.rpush(queue.list('wait'), 'p1');
    await queue.dispatch();
    const parent = await queue.take('w1');
    expect(parent.id).toBe('p1');
    const wait = async (task = parent): Promise<unknown> => {
      const { keys, args } = queue.bull.waitingForChildren('p1', task.token);
      return queue.run('awaitChildren', { caller: 'w1', keys, args: [task.attempt, ...args] });
    };
    return { queue, parent, await: wait };
  }

  it('lets the task wait for its children, and its worker goes on', async () => {
    const { queue, await: wait } = await withFlow();
    expect(await wait()).toBe(0);
    expect(await redis.zscore(queue.list('waiting-children'), 'p1')).not.toBeNull();
    expect(await redis.exists(queue.list('active'), `${queue.job('p1')}:lock`)).toBe(0);
    const before = await queue.snapshot();
    expect(await wait()).toBe(0);
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.takeReply('w1')).toBeUndefined();
    await queue.dispatch();
    expect(await queue.take('w1')).toMatchObject({ id: 'c1', tag: 'b' });
  });

  it('lets the parent rejoin when its last child is done', async () => {
    const { queue, await: wait } = await withFlow();
    await wait();
    await queue.takeReply('w1');
    await queue.dispatch();
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true });
    await queue.dispatch();
    const again = await queue.take('w1');
    expect(again).toMatchObject({ id: 'p1', attempt: '2', tag: 'a' });
    await queue.commit('w1', again);
    expect((await soundState(queue)).completed).toEqual(['c1', 'p1']);
  });

  it('keeps the attempt when there are no children to wait for', async () => {
    const { queue, parent, await: wait } = await withFlow();
    await redis.del(`${queue.job('p1')}:dependencies`);
    expect(await wait()).toBe(1);
    await queue.commit('w1', parent);
    expect(await redis.zrange(queue.list('completed'), 0, '-1')).toEqual(['p1']);
  });

  it('does not depend on the lock', async () => {
    const { queue, await: wait } = await withFlow();
    await redis.del(`${queue.job('p1')}:lock`);
    expect(await wait()).toBe(0);
    expect(await redis.exists(`${queue.job('p1')}:lock`)).toBe(0);
  });

  it('is refused for an attempt that the worker does not run', async () => {
    const { queue, parent, await: wait } = await withFlow();
    const before = await queue.snapshot();
    await expect(wait({ ...parent, attempt: '9' })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
  });
});

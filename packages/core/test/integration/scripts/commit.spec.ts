import { describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { readStanding } from '../../../src/bullmq/standing.js';
import { NotTaskOwnerError, WorkerFencedError } from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { eventsOf, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

async function withTasks(...ids: readonly string[]): Promise<Harness> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', ...ids);
  await queue.dispatch();
  return queue;
}

describe('commitTask', () => {
  it('completes the attempt and takes the next task', async () => {
    const queue = await withTasks('a1', 'a2');
    const next = await queue.commit('w1', await queue.take('w1'), { value: '{"n":1}', fetchNext: true });
    expect(next).toMatchObject({ id: 'a2', position: 2 });
    const { completed, active, workers } = await soundState(queue);
    expect([completed, active]).toEqual([['a1'], ['a2']]);
    expect(workers.get('w1')?.meta).toMatchObject({ cur: 'a2', last: 'a1:1' });
    expect(await redis.hgetall(queue.job('a1'))).toMatchObject({ returnvalue: '{"n":1}', atm: '1' });
    expect(await eventsOf(queue, 'completed')).toMatchObject([{ jobId: 'a1', returnvalue: '{"n":1}' }]);
  });

  it('fails the attempt for good', async () => {
    const queue = await withTasks('a1');
    expect(
      await queue.commit('w1', await queue.take('w1'), { value: 'broken', failed: true }),
    ).toBeUndefined();
    expect((await soundState(queue)).failed).toEqual(['a1']);
    expect(await redis.hget(queue.job('a1'), 'failedReason')).toBe('broken');
  });

  it('takes no next task unless told to', async () => {
    const queue = await withTasks('a1', 'a2');
    await queue.commit('w1', await queue.take('w1'));
    const { active, workers } = await soundState(queue);
    expect([active, workers.get('w1')?.wait]).toEqual([[], ['a2']]);
  });

  it.each([true, false])(
    'gives the same reply when the first one was lost (next task: %s)',
    async (fetchNext) => {
      const queue = await withTasks('a1', 'a2');
      const task = await queue.take('w1');
      const reply = await queue.commit('w1', task, { fetchNext });
      const before = await queue.snapshot();
      expect(await queue.commit('w1', task, { fetchNext })).toEqual(reply);
      expect(await queue.snapshot()).toEqual(before);
      expect(await redis.hget(queue.job('a1'), 'atm')).toBe('1');
    },
  );

  it('knows an attempt that was committed before the last one no more', async () => {
    const queue = await withTasks('a1', 'a2', 'a3');
    const first = await queue.take('w1');
    const second = (await queue.commit('w1', first, { fetchNext: true })) as Taken;
    await queue.commit('w1', second, { fetchNext: true });
    const before = await queue.snapshot();
    await expect(queue.commit('w1', first, { fetchNext: true })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each([
    ['a later attempt', { attempt: '2' }],
    ['another task', { id: 'a2' }],
  ])('is refused for %s, and leaves everything as it is', async (_, other) => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    const before = await queue.snapshot();
    await expect(queue.commit('w1', { ...task, ...other })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is refused to a worker that was declared dead, also once another one runs the task', async () => {
    const queue = await withTasks('a1');
    const zombie = await queue.take('w1');
    await queue.recover('w1');
    await queue.register('w2');
    await queue.dispatch();
    const task = await queue.take('w2');
    const before = await queue.snapshot();
    await expect(queue.commit('w1', zombie, { fetchNext: true })).rejects.toThrow(WorkerFencedError);
    expect(await queue.snapshot()).toEqual(before);
    await queue.commit('w2', task);
    expect((await soundState(queue)).completed).toEqual(['a1']);
  });

  it('leaves everything as it is when it fails', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    const { keys, args } = queue.bull.finished('a1', { token: task.token });
    const before = await queue.snapshot();
    const call = {
      caller: 'w1',
      keys,
      args: [task.attempt, task.token, 1, 0, ...args.with(7, 'no options')],
    };
    await expect(queue.run('commitTask', call)).rejects.toThrow('user_script');
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.commit('w1', task, { fetchNext: true })).toMatchObject({ id: 'a2' });
  });

  it('does not depend on a lock that expired or was evicted', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.del(`${queue.job('a1')}:lock`);
    expect(await queue.commit('w1', task, { fetchNext: true })).toMatchObject({ id: 'a2' });
    expect((await soundState(queue)).completed).toEqual(['a1']);
  });

  it('does not depend on the token of a take whose reply came too late', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1', 'first');
    await queue.take('w1', 'second');
    expect(await queue.commit('w1', task, { fetchNext: true })).toMatchObject({ id: 'a2' });
    expect((await soundState(queue)).completed).toEqual(['a1']);
  });

  it('leaves a task alone that somebody else has started since, and forgets it', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.hincrby(queue.job('a1'), 'ats', 1);
    await redis.set(`${queue.job('a1')}:lock`, 'foreign');
    expect(await queue.commit('w1', task)).toBe(-6);
    expect(await redis.get(`${queue.job('a1')}:lock`)).toBe('foreign');
    expect(await redis.lrange(queue.list('active'), 0, -1)).toEqual(['a1']);
    expect(await queue.take('w1')).toMatchObject({ id: 'a2' });
  });

  it('leaves a task alone that is not active any more, and forgets it', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.lrem(queue.list('active'), 0, 'a1');
    expect(await queue.commit('w1', task)).toBe(-3);
    expect(await redis.exists(queue.list('completed'))).toBe(0);
    expect(await queue.take('w1')).toMatchObject({ id: 'a2' });
  });

  it('leaves nothing of a task whose hash is gone', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.del(queue.job('a1'));
    expect(await queue.commit('w1', task)).toBe(-1);
    expect(await redis.exists(queue.list('active'), `${queue.job('a1')}:lock`)).toBe(0);
    expect(await queue.take('w1')).toMatchObject({ id: 'a2' });
  });

  it('keeps the attempt when the task waits for children, so that it can fail', async () => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.sadd(`${queue.job('a1')}:dependencies`, 'some:child');
    expect(await queue.commit('w1', task)).toBe(-4);
    await queue.commit('w1', task, { failed: true, value: 'pending children' });
    expect((await soundState(queue)).failed).toEqual(['a1']);
  });

  it('removes the task when nothing of it is to be kept', async () => {
    const queue = await withTasks('a1');
    await queue.commit('w1', await queue.take('w1'), { keepJobs: true });
    expect(await redis.exists(queue.job('a1'), queue.list('completed'))).toBe(0);
    await soundState(queue);
  });

  it('says that the queue is drained only when no task waits anywhere', async () => {
    const queue = await withTasks('a1', 'a2');
    const second = (await queue.commit('w1', await queue.take('w1'), { fetchNext: true })) as Taken;
    expect(await eventsOf(queue, 'drained')).toEqual([]);
    await queue.commit('w1', second, { fetchNext: true });
    expect(await eventsOf(queue, 'drained')).toHaveLength(1);
  });

  it('notes that the tasks of a worker are short, or are no more', async () => {
    const queue = await withTasks('a1', 'a2', 'a3');
    const second = (await queue.commit('w1', await queue.take('w1'), {
      fetchNext: true,
      short: true,
    })) as Taken;
    expect((await soundState(queue)).hungry).toEqual(['w1']);
    await queue.commit('w1', second, { fetchNext: true });
    expect((await soundState(queue)).hungry).toEqual([]);
  });

  it("queues the last one of BullMQ's keepLastIfActive when the active one is over", async () => {
    const queue = await withTasks();
    const bull = new Queue(queue.pendingQueueName, { connection: redis, prefix: 'bull' });
    const deduplication = { id: 'one', keepLastIfActive: true };
    const add = (jobId: string) =>
      bull.add(
        'type',
        { identifyTag: 'a', payload: jobId },
        { jobId, deduplication, removeOnComplete: true },
      );
    await add('a1');
    await queue.dispatch();
    const task = await queue.take('w1');
    await add('a2');
    await add('a3');
    await queue.commit('w1', task, { fetchNext: true });
    await queue.dispatch();
    const { seq, workers } = await soundState(queue);
    expect([[...seq.keys()], workers.get('w1')?.wait]).toEqual([['a3'], ['a3']]);
    expect(await redis.hget(queue.job('a3'), 'data')).toContain('"payload":"a3"');
    await bull.close();
  });
});

describe('buryTask', () => {
  const bury = async (queue: Harness, { id, attempt, token }: Taken, fetchNext = 0): Promise<unknown> =>
    queue.run('buryTask', { caller: 'w1', args: [attempt, token, fetchNext, 1, id, 'no script can', 1_000] });

  it('fails the attempt for good without a script of BullMQ, and takes the next task', async () => {
    const queue = await withTasks('a1', 'a2');
    const task = await queue.take('w1');
    await redis.hset(queue.job('a1'), 'parent', 'no JSON', 'defa', 'a reason');
    const reply = await bury(queue, task, 1);
    expect(readStanding((reply as string[])[0]!).id).toBe('a2');
    const { failed, active, hungry, workers } = await soundState(queue);
    expect([failed, active, hungry]).toEqual([['a1'], ['a2'], ['w1']]);
    expect(workers.get('w1')?.meta.last).toBe('a1:1');
    expect(await redis.hmget(queue.job('a1'), 'failedReason', 'finishedOn', 'defa')).toEqual([
      'no script can',
      '1000',
      null,
    ]);
    expect(await eventsOf(queue, 'failed')).toMatchObject([{ jobId: 'a1', failedReason: 'no script can' }]);
    const before = await queue.snapshot();
    const again = (await bury(queue, task, 1)) as [string[], string, 0, 0, string[]];
    expect([again[1], again[4][0]]).toEqual(['a2', (reply as string[])[0]]);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('counts the attempt, unless the count is what is damaged', async () => {
    const queue = await withTasks('a1', 'a2');
    const first = await queue.take('w1');
    await redis.hset(queue.job('a1'), 'atm', 2);
    const second = (await bury(queue, first, 1)) as string[];
    await redis.hset(queue.job('a2'), 'atm', 'many');
    await bury(queue, { ...first, id: readStanding(second[0]!).id, attempt: '1' });
    expect(await redis.hget(queue.job('a1'), 'atm')).toBe('3');
    expect((await soundState(queue)).failed).toEqual(['a1', 'a2']);
  });

  it.each([
    ['its own, without a time limit', 'a1', undefined, null],
    ['its own, for a time', 'a1', 60_000, 'a1'],
    ['that is another task by now', 'a9', undefined, 'a9'],
  ])('frees the deduplication id of the task: %s', async (_, owner, ttl, left) => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.hset(queue.job('a1'), 'deid', 'once');
    await redis.set(queue.list('de:once'), owner);
    if (ttl !== undefined) await redis.pexpire(queue.list('de:once'), ttl);
    await bury(queue, task);
    expect(await redis.get(queue.list('de:once'))).toBe(left);
  });

  it.each([
    [true, false],
    [0, false],
    [{ count: 0 }, false],
    [5, true],
    [{ age: 60 }, true],
    [undefined, true],
  ])('keeps the task or not, as removeOnFail says: %j', async (removeOnFail, isKept) => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.hset(queue.job('a1'), 'opts', JSON.stringify({ attempts: 3, removeOnFail }));
    await redis.rpush(`${queue.job('a1')}:logs`, 'a line');
    await bury(queue, task);
    expect((await soundState(queue)).failed).toEqual(isKept ? ['a1'] : []);
    expect(await redis.exists(queue.job('a1'), `${queue.job('a1')}:logs`)).toBe(isKept ? 2 : 0);
    expect(await eventsOf(queue, 'failed')).toHaveLength(1);
  });

  it('keeps a task whose options are no JSON', async () => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.hset(queue.job('a1'), 'opts', 'no JSON');
    await bury(queue, task);
    expect((await soundState(queue)).failed).toEqual(['a1']);
  });

  it('leaves nothing of a task whose hash is gone', async () => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    await redis.del(queue.job('a1'));
    expect(await bury(queue, task)).toBe(0);
    expect(await redis.exists(queue.list('active'), queue.list('failed'), `${queue.job('a1')}:lock`)).toBe(0);
  });

  it('is refused for an attempt that the worker does not run, and to a worker that was declared dead', async () => {
    const queue = await withTasks('a1');
    const task = await queue.take('w1');
    const before = await queue.snapshot();
    await expect(bury(queue, { ...task, attempt: '2' })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
    await queue.recover('w1');
    const after = await queue.snapshot();
    await expect(bury(queue, task)).rejects.toThrow(WorkerFencedError);
    expect(await queue.snapshot()).toEqual(after);
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  InvalidScriptArgumentError,
  NotTaskOwnerError,
  WorkerFencedError,
} from '../../../src/errors/errors.js';
import { notPlainCode } from '../../../src/errors/luaErrors.js';
import { completionOf, readStanding } from '../../../src/bullmq/standing.js';
import type { CompletionEntry, Harness, Taken } from './support/harness.js';
import { eventsOf, isWoken, calm, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();
const workers = ['w1', 'w2', 'w3', 'w4'] as const;

/** Worker w1 has tasks a1 and a2 of tag a, w2 has b1 and b2 of tag b, and so on; each runs its first one. */
async function withRunning(size = 2): Promise<{ queue: Harness; tasks: Taken[] }> {
  const queue = await newQueue();
  await queue.register(...workers);
  for (const tag of ['a', 'b', 'c', 'd']) {
    await queue.addMany(tag, ...Array.from({ length: size }, (_, i) => `${tag}${i + 1}`));
  }
  await queue.dispatch();
  const tasks: Taken[] = [];
  for (const worker of workers) tasks.push(await queue.take(worker, worker));
  return { queue, tasks };
}

const entriesOf = (tasks: readonly Taken[], options: Partial<CompletionEntry> = {}): CompletionEntry[] =>
  tasks.map((task, i) => ({ worker: workers[i]!, task, fetchNext: true, ...options }));

async function takenAgain(queue: Harness, task: Taken): Promise<Taken> {
  await queue.retry('w1', task);
  await queue.dispatch();
  return queue.take('w1', 'w1');
}

/** Another BullMQ worker has it. */
const startedElsewhere = (queue: Harness, starts: string) =>
  redis
    .multi()
    .hset(queue.job('a1'), 'ats', starts)
    .set(`${queue.job('a1')}:lock`, 'other')
    .exec();

describe('commitTasks', () => {
  it('completes the attempts of several workers and takes the next task of each', async () => {
    const { queue, tasks } = await withRunning();
    const entries = entriesOf(tasks).map((entry, i) => ({ ...entry, value: `{"n":${i}}` }));
    const replies = await queue.complete(entries);
    expect(replies).toMatchObject([
      { id: 'a2', attempt: '1', tag: 'a', position: 2 },
      { id: 'b2', attempt: '1', tag: 'b', position: 2 },
      { id: 'c2', attempt: '1', tag: 'c', position: 2 },
      { id: 'd2', attempt: '1', tag: 'd', position: 2 },
    ]);
    const state = await soundState(queue);
    expect([[...state.completed].sort(), [...state.active].sort()]).toEqual([
      ['a1', 'b1', 'c1', 'd1'],
      ['a2', 'b2', 'c2', 'd2'],
    ]);
    expect(state.workers.get('w2')?.meta).toMatchObject({ cur: 'b2', att: '1', last: 'b1:1', done: '2' });
    expect(await redis.hgetall(queue.job('c1'))).toMatchObject({
      returnvalue: '{"n":2}',
      atm: '1',
      ats: '1',
    });
    expect(await redis.get(`${queue.job('c2')}:lock`)).toBe('w3');
    expect(await eventsOf(queue, 'completed')).toEqual(
      tasks.map(({ id }, i) => ({
        event: 'completed',
        jobId: id,
        returnvalue: `{"n":${i}}`,
        prev: 'active',
      })),
    );
    expect(await eventsOf(queue, 'drained')).toEqual([]);
  });

  it('returns of the next task what a take of it returns', async () => {
    const { queue, tasks } = await withRunning();
    const [reply] = await queue.complete(entriesOf(tasks.slice(0, 1)));
    expect(await queue.take('w1', 'w1')).toEqual(reply);
  });

  it('takes no next task for a worker that wants none', async () => {
    const { queue, tasks } = await withRunning();
    expect(await queue.complete(entriesOf(tasks, { fetchNext: false }))).toEqual(tasks.map(() => undefined));
    const state = await soundState(queue);
    expect([state.active, state.workers.get('w1')?.wait]).toEqual([[], ['a2']]);
    expect(state.workers.get('w1')?.meta).toMatchObject({ last: 'a1:1' });
  });

  it('serves every worker of a group in which others are dead, are not plain, or were served before', async () => {
    const { queue, tasks } = await withRunning();
    const [dead, parent, repeated, fine] = tasks as [Taken, Taken, Taken, Taken];
    await queue.recover('w1');
    await redis.sadd(`${queue.job('b1')}:dependencies`, 'some:child');
    await queue.complete([{ worker: 'w3', task: repeated, fetchNext: true }]);
    const replies = await queue.complete([
      { worker: 'w1', task: dead, fetchNext: true },
      { worker: 'w2', task: parent, fetchNext: true },
      { worker: 'w3', task: repeated, fetchNext: true },
      { worker: 'w4', task: fine, fetchNext: true },
      { worker: 'w5', task: fine, fetchNext: true },
      { worker: 'w4', task: fine, fetchNext: true },
    ]);
    expect(replies).toEqual([
      notPlainCode,
      notPlainCode,
      notPlainCode,
      expect.objectContaining({ id: 'd2' }),
      notPlainCode,
      notPlainCode,
    ]);
    const state = await soundState(queue);
    expect([...state.completed].sort()).toEqual(['c1', 'd1']);
    expect(state.tags.get('a')).toEqual(['a1', 'a2']);
    expect(state.workers.get('w2')?.meta.cur).toBe('b1');
    expect(await redis.hget(queue.job('c1'), 'atm')).toBe('1');
    expect(await queue.commit('w2', parent)).toBe(-4);
  });

  it('leaves it to commitTask, and changes nothing, when the first reply was lost', async () => {
    const { queue, tasks } = await withRunning();
    const entries = entriesOf(tasks).map((entry, i) => ({ ...entry, fetchNext: i > 1 }));
    const replies = await queue.complete(entries);
    const before = await queue.snapshot();
    expect(await queue.complete(entries)).toEqual(tasks.map(() => notPlainCode));
    for (const [i, task] of tasks.entries()) {
      expect(await queue.commit(`w${i + 1}`, task)).toBeUndefined();
      if (i > 1) expect(await queue.take(`w${i + 1}`, `w${i + 1}`)).toEqual(replies[i]);
    }
    expect(await queue.snapshot()).toEqual(before);
  });

  it('takes nothing new for a worker that asks again: the next task may have the id of the one before', async () => {
    const { queue, tasks } = await withRunning(1);
    const entry: CompletionEntry = { worker: 'w1', task: tasks[0]!, fetchNext: true, keepCount: 0 };
    expect(await queue.complete([entry])).toEqual([undefined]);
    await queue.add({ id: 'a1', tag: 'a' });
    await queue.dispatch();
    expect(await queue.finish('w1', tasks[0]!, { fetchNext: false })).toBeUndefined();
    expect(await queue.takeReply('w1', 'w1')).toMatchObject({ id: 'a1', attempt: '1' });
    expect((await soundState(queue)).completed).toEqual([]);
  });

  it('goes on where a lost reply, and another worker that ran the task since, cross', async () => {
    const { queue, tasks } = await withRunning();
    await queue.recover('w1');
    await queue.register('w5');
    await queue.dispatch();
    const again = await queue.take('w5', 'w5');
    expect(again).toMatchObject({ id: 'a1', attempt: '2' });
    const before = await queue.snapshot();
    await expect(queue.finish('w1', tasks[0]!)).rejects.toThrow(WorkerFencedError);
    await expect(queue.finish('w5', tasks[0]!)).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
    await queue.complete([{ worker: 'w5', task: again }]);
    expect((await soundState(queue)).completed).toEqual(['a1']);
  });

  it.each([
    ['has a parent', (queue: Harness) => redis.hset(queue.job('a1'), 'parentKey', 'bull:q:p')],
    ['has children', (queue: Harness) => redis.sadd(`${queue.job('a1')}:dependencies`, 'x')],
    // As BullMQ notes a child that failed in the hash of its parent.
    ['has a deferred failure', (queue: Harness) => redis.hset(queue.job('a1'), 'defa', 'child x failed')],
    ['is gone', (queue: Harness) => redis.del(queue.job('a1'))],
    ['was started by somebody else', (queue: Harness) => startedElsewhere(queue, '2')],
    ['was started by somebody else, often', (queue: Harness) => startedElsewhere(queue, '11')],
    ['was started by nobody', (queue: Harness) => redis.hdel(queue.job('a1'), 'ats')],
    ['is not active any more', (queue: Harness) => redis.lrem(queue.list('active'), 0, 'a1')],
    ['is no hash', (queue: Harness) => redis.multi().del(queue.job('a1')).set(queue.job('a1'), 'x').exec()],
  ])("leaves a task that %s to BullMQ's own script, and everything of it as it is", async (_what, change) => {
    const { queue, tasks } = await withRunning();
    await change(queue);
    const before = await queue.snapshot();
    expect(await queue.complete(entriesOf(tasks.slice(0, 1)))).toEqual([notPlainCode]);
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.complete(entriesOf(tasks))).toMatchObject([notPlainCode, { id: 'b2' }, {}, {}]);
  });

  it.each([
    ['whose lock was deleted', (queue: Harness) => redis.del(`${queue.job('a1')}:lock`)],
    ['that has told its progress', (queue: Harness) => redis.hset(queue.job('a1'), 'progress', '50')],
  ])('completes a task %s', async (_what, change) => {
    const { queue, tasks } = await withRunning();
    await change(queue);
    expect(await queue.complete(entriesOf(tasks.slice(0, 1)))).toMatchObject([{ id: 'a2' }]);
    expect((await soundState(queue)).completed).toEqual(['a1']);
    expect(await redis.hmget(queue.job('a1'), 'atm', 'ats', 'returnvalue')).toEqual(['1', '1', 'null']);
  });

  it.each(['processed', 'failed'])(
    "leaves a task that had children (%s) to BullMQ's own script where nothing of it is to stay",
    async (suffix) => {
      const { queue, tasks } = await withRunning();
      await redis.hset(`${queue.job('a1')}:${suffix}`, 'some:child', '1');
      const [entry] = entriesOf(tasks);
      expect(await queue.complete([{ ...entry!, keepCount: 0 }])).toEqual([notPlainCode]);
      expect(await queue.complete([entry!])).toMatchObject([{ id: 'a2' }]);
    },
  );

  it('counts the attempts of a task that was retried', async () => {
    const { queue, tasks } = await withRunning();
    const again = await takenAgain(queue, tasks[0]!);
    expect(again).toMatchObject({ id: 'a1', attempt: '2' });
    expect(await queue.complete([{ worker: 'w1', task: again }])).toEqual([undefined]);
    expect(await redis.hmget(queue.job('a1'), 'atm', 'ats')).toEqual(['2', '2']);
  });

  it('counts them also where the task has as many fields as one that runs for the first time', async () => {
    const { queue, tasks } = await withRunning();
    const again = await takenAgain(queue, tasks[0]!);
    const fields = await redis.hkeys(queue.job('a1'));
    const needed = ['name', 'data', 'opts', 'timestamp', 'pb', 'ats', 'atm'];
    const others = fields.filter((field) => !needed.includes(field));
    await redis.hdel(queue.job('a1'), ...others.slice(0, fields.length - 9));
    expect(await redis.hlen(queue.job('a1'))).toBe(9);
    expect(await queue.complete([{ worker: 'w1', task: again }])).toEqual([undefined]);
    expect(await redis.hget(queue.job('a1'), 'atm')).toBe('2');
  });

  it("leaves a retried task that counts its attempts in words to BullMQ's own script", async () => {
    const { queue, tasks } = await withRunning();
    const again = await takenAgain(queue, tasks[0]!);
    await redis.hset(queue.job('a1'), 'atm', 'two');
    const before = await queue.snapshot();
    expect(await queue.complete([{ worker: 'w1', task: again }])).toEqual([notPlainCode]);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('records the outcomes, and loses no task, where the order cannot be read', async () => {
    const { queue, tasks } = await withRunning();
    const order = await redis.zrange(queue.list('aff:seq'), 0, '-1', 'WITHSCORES');
    await redis.del(queue.list('aff:seq'));
    await redis.set(queue.list('aff:seq'), 'no set');
    expect(await queue.complete(entriesOf(tasks))).toEqual([undefined, undefined, undefined, undefined]);
    await expect(queue.takeReply('w1')).rejects.toThrow('WRONGTYPE');
    await redis.del(queue.list('aff:seq'));
    for (let i = 0; i < order.length; i += 2)
      await redis.zadd(queue.list('aff:seq'), order[i + 1]!, order[i]!);
    const { completed, workers: after } = await soundState(queue);
    expect([...completed].sort()).toEqual(['a1', 'b1', 'c1', 'd1']);
    expect(workers.map((worker) => after.get(worker)?.wait)).toEqual([['a2'], ['b2'], ['c2'], ['d2']]);
  });

  it('is not kept from the others by damage to what one worker has', async () => {
    const { queue, tasks } = await withRunning(1);
    await redis.del(queue.worker('w2', 'meta'));
    await redis.set(queue.worker('w2', 'meta'), 'no hash');
    expect(await queue.complete(entriesOf(tasks))).toEqual([undefined, undefined, undefined, undefined]);
    expect((await redis.zrange(queue.list('completed'), 0, '-1')).sort()).toEqual(['a1', 'b1', 'c1', 'd1']);
    expect(await redis.lrange(queue.list('active'), 0, -1)).toEqual([]);
    await expect(queue.takeReply('w2')).rejects.toThrow('WRONGTYPE');
  });

  it('is not kept from the others by damage to what one worker takes next', async () => {
    const { queue, tasks } = await withRunning();
    await redis.del(queue.worker('w2', 'wait'));
    await redis.set(queue.worker('w2', 'wait'), 'no list');
    const replies = await queue.complete(entriesOf(tasks));
    expect(replies).toMatchObject([{ id: 'a2' }, undefined, { id: 'c2' }, { id: 'd2' }].map((r) => r ?? {}));
    expect(replies[1]).toBeUndefined();
    expect(await redis.hget(queue.list('aff:standings'), 'w2')).toMatch(/^0::1:\d+::4:b1:1 $/);
    expect((await redis.lrange(queue.list('active'), 0, -1)).sort()).toEqual(['a2', 'c2', 'd2']);
    await expect(queue.takeReply('w2')).rejects.toThrow('WRONGTYPE');
  });

  it('does not start a task twice that two workers are given', async () => {
    const { queue, tasks } = await withRunning();
    await redis.rpush(queue.worker('w2', 'wait'), 'a2');
    const replies = await queue.complete(entriesOf(tasks.slice(0, 2)));
    expect(replies).toMatchObject([{ id: 'a2' }, { id: 'b2' }]);
    expect(await redis.hget(queue.job('a2'), 'ats')).toBe('1');
    await soundState(queue);
  });

  it.each([
    ['as it was added', {}],
    ['in the general way', { priority: 3 }],
  ])('reads no more next tasks, started %s, when it has read much', async (_, fields) => {
    const { queue, tasks } = await withRunning();
    for (const id of ['a2', 'b2', 'c2', 'd2']) {
      const data = JSON.stringify({ identifyTag: id.slice(0, 1), payload: 'x'.repeat(150_000) });
      await redis.hset(queue.job(id), { data, ...fields });
    }
    const replies = await queue.complete(entriesOf(tasks));
    expect(replies).toMatchObject([{ id: 'a2' }, { id: 'b2' }, undefined, undefined]);
    const { completed, active } = await soundState(queue);
    expect([[...completed].sort(), [...active].sort()]).toEqual([
      ['a1', 'b1', 'c1', 'd1'],
      ['a2', 'b2'],
    ]);
    expect(await queue.take('w3', 'w3')).toMatchObject({ id: 'c2', attempt: '1', tag: 'c', position: 2 });
    expect(await queue.take('w4', 'w4')).toMatchObject({ id: 'd2' });
    await soundState(queue);
  });

  it('ends batches, begins look-aheads and wakes the leader', async () => {
    const { queue, tasks } = await withRunning(1);
    await queue.complete(entriesOf(tasks.slice(0, 1), { fetchNext: false, short: true }));
    await queue.addMany('e', 'e1');
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.meta.ntag).toBe('e');
    await calm(queue);
    const next = await queue.takeReply('w1', 'w1');
    expect(next).toMatchObject({ id: 'e1', tag: 'e', position: 1 });
    expect(await queue.complete(entriesOf(tasks).slice(1))).toEqual([undefined, undefined, undefined]);
    const { idle, owners } = await soundState(queue);
    expect([idle, [...owners.keys()]]).toEqual([['w2', 'w3', 'w4'], ['e']]);
    await queue.addMany('f', 'f1');
    await calm(queue);
    await queue.complete([{ worker: 'w1', task: next as Taken, fetchNext: true }]);
    expect(await isWoken(queue)).toBe(true);
    expect(await eventsOf(queue, 'drained')).toEqual([]);
  });

  it('notes that tasks are short, or are no more, whichever script said so last', async () => {
    const { queue, tasks } = await withRunning(5);
    const hungry = async (): Promise<readonly string[]> => (await soundState(queue)).hungry;
    await queue.commit('w1', tasks[0]!, { short: true });
    const [third] = (await queue.complete([
      { worker: 'w1', task: await queue.take('w1', 'w1'), fetchNext: true },
    ])) as [Taken];
    expect(await hungry()).toEqual([]);
    const [fourth] = (await queue.complete([
      { worker: 'w1', task: third, fetchNext: true, short: true },
    ])) as [Taken];
    expect(await hungry()).toEqual(['w1']);
    await queue.commit('w1', fourth, { short: false });
    await queue.complete([{ worker: 'w1', task: await queue.take('w1', 'w1'), short: true }]);
    expect(await hungry()).toEqual(['w1']);
  });

  it('keeps the event stream bounded also while a batch is long', async () => {
    const { queue } = await withRunning();
    await redis.hset(queue.list('meta'), 'opts.maxLenEvents', 100);
    await queue.addMany('e', ...Array.from({ length: 500 }, (_, i) => `e${i}`));
    await queue.register('w5');
    await queue.dispatch({ maxBatchSize: 1_000 });
    let task = await queue.take('w5', 'w5');
    for (let i = 1; i < 500; i += 1) {
      const entry = { worker: 'w5', task, fetchNext: true };
      [task] = (await queue.complete([entry], { trim: i % 100 === 0 })) as [Taken];
    }
    // Redis trims whole nodes of a hundred entries.
    expect(await redis.xlen(queue.list('events'))).toBeLessThan(500);
  });

  it('says that the queue is drained only when no task waits anywhere', async () => {
    const { queue, tasks } = await withRunning(1);
    await queue.complete(entriesOf(tasks.slice(0, 3)));
    expect(await eventsOf(queue, 'drained')).toEqual([]);
    await queue.complete(entriesOf(tasks).slice(3));
    expect(await eventsOf(queue, 'drained')).toHaveLength(1);
  });

  it('takes nothing for a worker that leaves, nor while the queue is paused', async () => {
    const { queue, tasks } = await withRunning();
    await queue.run('leaveWorker', { caller: 'w1' });
    await queue.complete(entriesOf(tasks.slice(0, 1)));
    await queue.pauseQueue();
    expect(await queue.complete(entriesOf(tasks).slice(1))).toEqual([undefined, undefined, undefined]);
    const state = await soundState(queue);
    expect([state.active, [...state.completed].sort()]).toEqual([[], ['a1', 'b1', 'c1', 'd1']]);
    expect(state.tags.get('a')).toEqual(['a2']);
  });

  it("counts every start against BullMQ's global rate limit", async () => {
    const { queue, tasks } = await withRunning();
    await redis.hset(queue.list('meta'), 'max', 2, 'duration', 60_000);
    const replies = await queue.complete(entriesOf(tasks));
    expect(replies.map((reply) => typeof reply)).toEqual(['object', 'object', 'number', 'number']);
    const state = await soundState(queue);
    expect(state.workers.get('w4')?.wait).toEqual(['d2']);
    expect(await redis.get(queue.list('limiter'))).toBe('2');
  });

  it.each([
    ['without a task', []],
    ['with half a task', ['w1', '0:1:1:1:1:0: a1', 'a1', '0:1:2:1:']],
  ])('is refused %s', async (_what, args) => {
    const queue = await newQueue();
    await expect(queue.run('commitTasks', { caller: 'n', args: [1, 0, '1', ...args] })).rejects.toThrow(
      InvalidScriptArgumentError,
    );
  });
});

describe('a worker whose batch has changed since it was told of it', () => {
  /** The reply as it is: five parts for a batch that the instance knows, and its tag and size where it has changed. */
  async function completion(queue: Harness, { standing }: Pick<Taken, 'standing'>): Promise<unknown> {
    const told = completionOf(standing, readStanding(standing), false);
    const args = [Date.now(), 0, '1', 'w1', ...told, ':', '"done"'];
    return ((await queue.run('commitTasks', { caller: 'node', args })) as unknown[])[0];
  }
  const standingOfW1 = (queue: Harness) => redis.hget(queue.list('aff:standings'), 'w1');

  it('by a top-up: the completion is recorded, and the batch is told with the next task, once', async () => {
    const { queue, tasks } = await withRunning();
    const [first] = tasks as [Taken];
    await queue.addMany('a', 'a3');
    await queue.dispatch();
    expect(await standingOfW1(queue)).toBe(`~${first.standing}`);
    const reply = (await completion(queue, first)) as string[];
    expect(reply).toHaveLength(8);
    expect([reply[0], ...reply.slice(6)]).toEqual([await standingOfW1(queue), 'a', 3]);
    expect(reply[0]).toBe(`0:1:2:${first.fence}:2:4:a1:1 a2`);
    expect(await redis.hgetall(queue.job('a1'))).toMatchObject({ returnvalue: '"done"', atm: '1' });
    expect(await completion(queue, { ...first, standing: reply[0]! })).toHaveLength(5);
    const state = await soundState(queue);
    expect([state.completed, state.workers.get('w1')?.meta]).toEqual([
      ['a1', 'a2'],
      expect.objectContaining({ cur: 'a3', done: '3', last: 'a2:1' }),
    ]);
  });

  it('because it leaves: the completion is recorded, and nothing is taken', async () => {
    const { queue, tasks } = await withRunning();
    const [first] = tasks as [Taken];
    await queue.run('leaveWorker', { caller: 'w1' });
    expect(await standingOfW1(queue)).toBe(`~${first.standing}`);
    expect(await completion(queue, first)).toEqual([0, 0, 0, 0]);
    expect(await standingOfW1(queue)).toBe(`0::1:${first.fence}::4:a1:1 `);
    const { completed, tags, active } = await soundState(queue);
    expect([completed, tags.get('a'), active.includes('a1')]).toEqual([['a1'], ['a2'], false]);
    expect(await completion(queue, first)).toBe(notPlainCode);
  });

  it('and that takes the task again that it has: it knows the batch from then on', async () => {
    const { queue, tasks } = await withRunning();
    const [first] = tasks as [Taken];
    await queue.addMany('a', 'a3');
    await queue.dispatch();
    expect(await queue.take('w1', 'w1')).toMatchObject({ id: 'a1', standing: first.standing });
    expect(await standingOfW1(queue)).toBe(first.standing);
    expect(await completion(queue, first)).toHaveLength(5);
  });
});

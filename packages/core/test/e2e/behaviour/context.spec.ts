import { afterEach, describe, expect, it } from '@jest/globals';
import { TaskWriteTooLargeError, type TaskContext } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

afterEach(closeAll);

/** One instance that keeps the contexts of its runs; `during` happens inside the handler. */
async function start(during: (context: TaskContext) => unknown = () => undefined, maxBatchSize = 10) {
  const contexts: TaskContext[] = [];
  const instance = await startInstance({ name: uniqueName(), workerOptions: { maxBatchSize } }, (workers) => {
    workers.registerHandler('note', async (_payload, context) => {
      contexts.push(context);
      return during(context);
    });
  });
  const { queue } = instance;
  const add = (identifyTag: string, payload: unknown = null) =>
    queue.add({ type: 'note', identifyTag, payload });
  return { ...instance, contexts, add };
}

describe('the context of a handler', () => {
  it('tells the task, the worker, the attempt, the place in the batch and the fencing token', async () => {
    const { queue, contexts, workers } = await start((context) => {
      if (context.job.data.payload.n === 1 && context.attempt === 1) throw new Error('once');
    }, 3);
    await queue.pause();
    const jobs = await queue.addBulk(
      upTo(4).map((n) => ({ type: 'note', identifyTag: 't', payload: { n }, options: { backoff: 0 } })),
    );
    await queue.resume();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(contexts.map(({ job }) => job.id)).toEqual([0, 1, 1, 2, 3].map((n) => jobs[n]!.id));
    expect(contexts.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 1, 1]);
    // The failed task ends the batch, and begins the next one.
    expect(contexts.map(({ batchPosition }) => batchPosition)).toEqual([1, 2, 1, 2, 3]);
    const tokens = contexts.map(({ fencingToken }) => fencingToken);
    expect(tokens[0]).toBe(tokens[1]);
    expect(tokens[2]).toBeGreaterThan(tokens[1]!);
    expect(tokens.slice(2)).toEqual([tokens[2], tokens[2], tokens[2]]);
    const [{ workerId } = { workerId: '' }] = workers.getWorkerStates();
    for (const context of contexts) {
      expect(context).toMatchObject({ identifyTag: 't', workerId });
      expect(context.job.name).toBe('note');
      expect(context.job.data).toMatchObject({ type: 'note', identifyTag: 't' });
      expect(context.signal.aborted).toBe(false);
    }
  });

  it('refuses a progress and a log row that are too large, and stores neither', async () => {
    const refusals: unknown[] = [];
    const { queue, add } = await start(async ({ updateProgress, log }) => {
      await updateProgress('项'.repeat(87_380)); // 262,142 bytes of JSON
      await log('x'.repeat(262_144));
      await updateProgress('项'.repeat(87_381)).catch((error: unknown) => refusals.push(error));
      await log('x'.repeat(262_145)).catch((error: unknown) => refusals.push(error));
    });
    const job = await add('t');
    await queue.waitUntilFinished(job, 5_000);
    expect(refusals).toEqual([expect.any(TaskWriteTooLargeError), expect.any(TaskWriteTooLargeError)]);
    const limits = { jobId: job.id, bytes: 262_145, maxBytes: 262_144 };
    expect(refusals).toMatchObject([
      { details: { what: 'progress' } },
      { details: { ...limits, what: 'log row' } },
    ]);
    expect((await queue.getJob(job.id!))?.progress).toHaveLength(87_380);
    expect((await queue.queue.getJobLogs(job.id!)).count).toBe(1);
  });

  it('fencing tokens rise from bind to bind, over all tags', async () => {
    const { queue, contexts, add } = await start();
    for (const n of upTo(6)) await queue.waitUntilFinished(await add(`t${n % 2}`), 5_000);
    const tokens = contexts.map(({ fencingToken }) => fencingToken);
    expect(new Set(tokens).size).toBe(6);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    for (const token of tokens) expect(Number.isSafeInteger(token)).toBe(true);
  });

  it('updateProgress stores any progress, and log appends lines', async () => {
    const told: unknown[] = [];
    const { queue, add } = await start(async ({ updateProgress, log, job }) => {
      for (const progress of [50, 'half', { done: 1, of: 2 }, true]) {
        await updateProgress(progress);
        told.push((await queue.getJob(job.id!))!.progress);
      }
      return [await log('first line'), await log('zweite Zeile 🎉')];
    });
    const job = await add('t');
    expect(await queue.waitUntilFinished(job, 5_000)).toEqual([1, 2]);
    expect(told).toEqual([50, 'half', { done: 1, of: 2 }, true]);
    expect((await queue.getJob(job.id!))!.progress).toBe(true);
    expect(await queue.queue.getJobLogs(job.id!)).toEqual({
      logs: ['first line', 'zweite Zeile 🎉'],
      count: 2,
    });
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['NaN', { n: Number.NaN }],
  ])(
    'updateProgress refuses %s, which would stop whoever reads the events with BullMQ',
    async (_what, progress) => {
      const { queue } = await start(async ({ updateProgress }) => updateProgress(progress as any));
      const job = await queue.add({ type: 'note', identifyTag: 't', payload: null }, { attempts: 1 });
      await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow('progress');
      expect((await queue.getJob(job.id!))!.progress).toBe(0);
    },
  );

  it('updateProgress and log are refused when the attempt is over', async () => {
    const { queue, contexts, add } = await start();
    const job = await add('t');
    await queue.waitUntilFinished(job, 5_000);
    const { updateProgress, log } = contexts[0]!;
    await expect(updateProgress(99)).rejects.toMatchObject({ code: 'AFFINITY_NOT_TASK_OWNER' });
    await expect(log('too late')).rejects.toMatchObject({ code: 'AFFINITY_NOT_TASK_OWNER' });
    expect((await queue.getJob(job.id!))!.progress).toBe(0);
    expect((await queue.queue.getJobLogs(job.id!)).count).toBe(0);
  });

  it('are refused too while the next task of the worker runs', async () => {
    const held = gate();
    const { queue, contexts, add } = await start(({ job }) =>
      job.data.payload === 'hold' ? held.promise : undefined,
    );
    const first = await add('t');
    const second = await add('t', 'hold');
    await until('the second runs', () => contexts.length === 2);
    await expect(contexts[0]!.updateProgress(99)).rejects.toMatchObject({ code: 'AFFINITY_NOT_TASK_OWNER' });
    await expect(contexts[0]!.log('too late')).rejects.toMatchObject({ code: 'AFFINITY_NOT_TASK_OWNER' });
    await contexts[1]!.updateProgress(1);
    held.open();
    await queue.waitUntilFinished(second, 5_000);
    expect((await queue.getJob(first.id!))!.progress).toBe(0);
    expect((await queue.getJob(second.id!))!.progress).toBe(1);
  });

  it('job.updateData of the running task changes its data for the next attempt, never its tag', async () => {
    const seen: unknown[] = [];
    const { queue } = await start(async ({ job, attempt }) => {
      seen.push(job.data.payload);
      await job.updateData({ ...job.data, payload: `after ${attempt}` });
      if (attempt < 3) throw new Error('again');
    });
    const job = await queue.add({ type: 'note', identifyTag: 't', payload: 'first' }, { backoff: 0 });
    await queue.waitUntilFinished(job, 5_000);
    expect(seen).toEqual(['first', 'after 1', 'after 2']);
  });

  it('a handler can add tasks, of its own tag too, and wait for those of another one', async () => {
    const order: unknown[] = [];
    const { queue } = await startInstance(
      { name: uniqueName(), workerOptions: { workerCount: 2 } },
      (workers) => {
        workers.registerHandler('parent', async () => {
          await queue.add({ type: 'child', identifyTag: 'parent', payload: 'own tag' });
          const other = await queue.add({ type: 'child', identifyTag: 'other', payload: 'other tag' });
          return { child: await queue.waitUntilFinished(other, 5_000) };
        });
        workers.registerHandler('child', (payload) => {
          order.push(payload);
          return payload;
        });
      },
    );
    const job = await queue.add({ type: 'parent', identifyTag: 'parent', payload: null });
    expect(await queue.waitUntilFinished(job, 5_000)).toEqual({ child: 'other tag' });
    await until('the child of its own tag has run', () => order.length === 2);
    expect(order).toEqual(['other tag', 'own tag']);
  });

  it('keeps no lock, log or trace of a task beside its hash', async () => {
    const { queue, add, close } = await start();
    const job = await add('t');
    await queue.waitUntilFinished(job, 5_000);
    const redis = openRedis();
    expect(await redis.keys(`*${job.id}*`)).toHaveLength(1);
    await close();
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import type { TaskOptions } from '../../../src/index.js';
import { closeAll } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { startStage, task, type Stage } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

type Deduplication = NonNullable<TaskOptions['deduplication']>;

/** Adds tasks of the tag 't' under one deduplication id. */
const adder =
  ({ queue }: Stage, deduplication: Deduplication, options: TaskOptions = {}) =>
  (payload: unknown, identifyTag = 't') =>
    queue.add(task(identifyTag, payload), { ...options, deduplication });

describe('deduplication', () => {
  it('while a task of the id waits or runs, others are dropped; afterwards the next one is taken', async () => {
    const stage = await startStage();
    const { queue, recorder, open } = stage;
    const add = adder(stage, { id: 'one' });
    await queue.pause();
    const first = await add('hold');
    expect((await add('dropped: it waits')).id).toBe(first.id);
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    expect((await add('dropped: it is indexed')).id).toBe(first.id);
    await queue.resume();
    await until('it runs', () => recorder.runs.length === 1);
    expect((await add('dropped: it runs')).id).toBe(first.id);
    expect((await add('dropped too', 'other tag')).id).toBe(first.id);
    const different = await queue.add(task('t', 'other id'), { deduplication: { id: 'two' } });
    open();
    await Promise.all([first, different].map((job) => queue.waitUntilFinished(job, 5_000)));
    const next = await add('next');
    expect(next.id).not.toBe(first.id);
    await queue.waitUntilFinished(next, 5_000);
    expect(recorder.payloads()).toEqual(['hold', 'other id', 'next']);
  });

  it('between attempts the id stays taken; a task that fails for good frees it', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const add = adder(stage, { id: 'one' }, { attempts: 2, backoff: 100 });
    const failing = await add('fail');
    await until('it is in its back-off', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    expect((await add('dropped')).id).toBe(failing.id);
    await expect(queue.waitUntilFinished(failing, 5_000)).rejects.toThrow('as it was told');
    await queue.waitUntilFinished(await add('next'), 5_000);
    expect(recorder.payloads()).toEqual(['fail', 'fail', 'next']);
  });

  it.each(['remove', 'cancel', 'purgeTag'] as const)('%s frees the id', async (way) => {
    const stage = await startStage();
    const { queue } = stage;
    const add = adder(stage, { id: 'one' });
    await queue.pauseTag('t');
    const first = await add('first');
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    if (way === 'purgeTag') await queue.purgeTag('t');
    else await queue[way](first.id!);
    const second = await add('second');
    expect(second.id).not.toBe(first.id);
    await queue.resumeTag('t');
    await queue.waitUntilFinished(second, 5_000);
  });

  it('with a ttl the id is free after so long, whatever became of the task', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const add = adder(stage, { id: 'one', ttl: 150 });
    const addedAt = performance.now();
    await queue.waitUntilFinished(await add('first'), 5_000);
    await add('too soon');
    const second = await until('the time is over', async () => {
      const job = await add('second');
      const stored = await queue.getJob(job.id!);
      return stored!.data.payload === 'second' ? stored : undefined;
    });
    expect(performance.now() - addedAt).toBeGreaterThanOrEqual(148);
    await queue.waitUntilFinished(second, 5_000);
    expect(recorder.payloads()).toEqual(['first', 'second']);
  });

  it('debounce (extend, replace and a delay): the last of a series runs, once', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const add = adder(stage, { id: 'one', ttl: 400, extend: true, replace: true }, { delay: 80 });
    const jobs = [];
    for (const n of upTo(5)) jobs.push(await add(n));
    await queue.waitUntilFinished(jobs.at(-1)!, 5_000);
    expect(recorder.payloads()).toEqual([4]);
    expect(await queue.getJob(jobs[0]!.id!)).toBeUndefined();
    expect(await queue.getQueueStats()).toMatchObject({ completed: 1, delayed: 0, waiting: 0 });
  });

  it('reschedule: the first one keeps its data and waits for the last delay', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const deduplication = { id: 'one', reschedule: true };
    const first = await adder(stage, deduplication, { delay: 60_000 })('first');
    const second = await adder(stage, deduplication, { delay: 30 })('second');
    expect(second.id).toBe(first.id);
    await queue.waitUntilFinished(first, 5_000);
    expect(recorder.payloads()).toEqual(['first']);
  });

  it('keepLastIfActive: of what comes while it runs the last one runs next', async () => {
    const stage = await startStage();
    const { queue, recorder, open } = stage;
    const add = adder(stage, { id: 'one', keepLastIfActive: true });
    const first = await add('hold');
    await until('it runs', () => recorder.runs.length === 1);
    for (const n of upTo(3)) expect((await add(n)).id).toBe(first.id);
    const other = await queue.add(task('t', 'other'));
    open();
    await queue.waitUntilFinished(other, 5_000);
    await until('both have run', async () => (await queue.getQueueStats()).completed === 3);
    expect(recorder.payloads()).toEqual(['hold', 'other', 2]);
    await queue.waitUntilFinished(await add('later'), 5_000);
    expect(recorder.payloads().at(-1)).toBe('later');
  });

  it('keepLastIfActive: also after a task that fails', async () => {
    const stage = await startStage();
    const { queue, recorder, open } = stage;
    const add = adder(stage, { id: 'one', keepLastIfActive: true }, { attempts: 1 });
    const failing = await add('hold and fail');
    await until('it runs', () => recorder.runs.length === 1);
    await add('kept');
    open();
    await expect(queue.waitUntilFinished(failing, 5_000)).rejects.toThrow('as it was told');
    await until('the other one has run', async () => (await queue.getQueueStats()).completed === 1);
    expect(recorder.payloads()).toEqual(['hold and fail', 'kept']);
  });

  it('in addBulk it holds from one task to the next', async () => {
    const { queue, recorder } = await startStage();
    const jobs = await queue.addBulk(upTo(4).map((n) => task('t', n, { deduplication: { id: `${n % 2}` } })));
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads()).toEqual([0, 1]);
  });
});

describe('the same jobId', () => {
  it('is one task: waiting, running, finished', async () => {
    const { queue, recorder, open } = await startStage();
    const add = (payload: unknown) => queue.add(task('t', payload), { jobId: 'order-17' });
    await queue.pause();
    await add('hold');
    await add('again, waiting');
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    await add('again, indexed');
    await queue.resume();
    await until('it runs', () => recorder.runs.length === 1);
    await add('again, running');
    open();
    await queue.waitUntilFinished('order-17', 5_000);
    await add('again, completed');
    await queue.waitUntilFinished(await queue.add(task('t', 'last')), 5_000);
    expect(recorder.payloads()).toEqual(['hold', 'last']);
    expect((await queue.getJob('order-17'))!.data.payload).toBe('hold');
  });

  it('in its back-off, delayed, and failed', async () => {
    const { queue, recorder } = await startStage();
    await queue.add(task('t', 'fail'), { jobId: 'a', attempts: 2, backoff: 60 });
    await until('the tag is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    await queue.add(task('t', 'again'), { jobId: 'a' });
    await queue.add(task('u', 'delayed'), { jobId: 'b', delay: 100 });
    await queue.add(task('u', 'again'), { jobId: 'b' });
    await expect(queue.waitUntilFinished('a', 5_000)).rejects.toThrow('as it was told');
    await queue.add(task('t', 'again'), { jobId: 'a' });
    await queue.waitUntilFinished('b', 5_000);
    await queue.waitUntilFinished(await queue.add(task('t', 'last')), 5_000);
    expect(recorder.payloads()).toEqual(['fail', 'fail', 'delayed', 'last']);
  });

  it('added by many at once, alone and in bulk, is one task', async () => {
    const { queue, recorder } = await startStage();
    const one = task('t', 'once', { jobId: 'a' });
    await Promise.all([
      ...upTo(20).map(() => queue.add(task('t', 'once'), { jobId: 'a' })),
      queue.addBulk([one, one, one]),
    ]);
    await queue.waitUntilFinished(await queue.add(task('t', 'last')), 5_000);
    expect(recorder.payloads()).toEqual(['once', 'last']);
  });

  it('is free again when the task was removed, or was not kept', async () => {
    const { queue, recorder } = await startStage();
    await queue.pauseTag('t');
    await queue.add(task('t', 'removed'), { jobId: 'a' });
    await queue.remove('a');
    await queue.resumeTag('t');
    await queue.add(task('t', 'second'), { jobId: 'a', removeOnComplete: true });
    await until(
      'it has run and is gone',
      async () => recorder.runs.length === 1 && !(await queue.getJob('a')),
    );
    await queue.add(task('t', 'third'), { jobId: 'a' });
    await queue.waitUntilFinished('a', 5_000);
    expect(recorder.payloads()).toEqual(['second', 'third']);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AffinityQueueError,
  QueueClosedError,
  TaskFailedError,
  TaskNotFoundError,
  WaitTimeoutError,
} from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';
import { gate, until } from '../../support/until.js';

afterEach(closeAll);

describe('waitUntilFinished', () => {
  it('gives the result of a task that runs, waits, is delayed, or is tried again', async () => {
    let failures = 1;
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('note', async (payload) => {
        if (payload.fails && failures-- > 0) throw new Error('once');
        return { got: payload };
      });
    });
    const jobs = [
      await queue.add(task('t', { n: 1 })),
      await queue.add(task('t', { n: 2 }), { delay: 50 }),
      await queue.add(task('t', { n: 3, fails: true }), { backoff: 10 }),
    ];
    const results = await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(results).toEqual([{ got: { n: 1 } }, { got: { n: 2 } }, { got: { n: 3, fails: true } }]);
  });

  it.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['false', false, false],
    ['0', 0, 0],
    ['an empty text', '', ''],
    ['a text', 'done', 'done'],
    ['a list', [1, [2]], [1, [2]]],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['text with half an emoji', '\uD83D', '\uD83D'],
  ])('of a handler that returned %s', async (_what, returned, expected) => {
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('note', () => returned);
    });
    const job = await queue.add(task('t'));
    expect(await queue.waitUntilFinished(job, 5_000)).toEqual(expected);
    // Now it is finished already, and known by its id alone.
    expect(await queue.waitUntilFinished(job.id!, 0)).toEqual(expected);
    expect((await queue.getJob(job.id!))!.returnvalue).toEqual(expected);
  });

  it('rejects with the error of a task that fails, also afterwards', async () => {
    const { queue } = await startStage();
    const job = await queue.add(task('t', 'fail'), { attempts: 1 });
    const failure = { code: 'AFFINITY_TASK_FAILED', message: 'as it was told', details: { jobId: job.id } };
    const error: unknown = await queue.waitUntilFinished(job, 5_000).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject(failure);
    await expect(queue.waitUntilFinished(job.id!)).rejects.toMatchObject(failure);
  });

  it('rejects after its time-out, and the task goes on', async () => {
    const { queue, open, recorder } = await startStage();
    const job = await queue.add(task('t', 'hold'));
    await until('it runs', () => recorder.runs.length === 1);
    const from = performance.now();
    const error: unknown = await queue.waitUntilFinished(job, 60).catch((reason: unknown) => reason);
    expect(performance.now() - from).toBeGreaterThanOrEqual(59);
    expect(error).toBeInstanceOf(WaitTimeoutError);
    await expect(queue.waitUntilFinished(job, 0)).rejects.toBeInstanceOf(WaitTimeoutError);
    open();
    expect(await queue.waitUntilFinished(job, 5_000)).toBe('hold');
  });

  it('rejects for a task that never was, that was removed, and that is removed meanwhile', async () => {
    const { queue } = await startStage();
    await expect(queue.waitUntilFinished('nobody', 5_000)).rejects.toBeInstanceOf(TaskNotFoundError);
    for (const id of ['meta', 'aff:seq', '', undefined]) {
      await expect(queue.waitUntilFinished(id!)).rejects.toBeInstanceOf(TaskNotFoundError);
    }
    await queue.pauseTag('t');
    const gone = await queue.add(task('t'));
    await queue.remove(gone.id!);
    await expect(queue.waitUntilFinished(gone)).rejects.toBeInstanceOf(TaskNotFoundError);
    const going = await queue.add(task('t'));
    const waiting = queue.waitUntilFinished(going);
    const rejected = expect(waiting).rejects.toBeInstanceOf(TaskNotFoundError);
    await queue.remove(going.id!);
    await rejected;
  });

  it('sees the result of a task that is not kept, if it waits before the task ends', async () => {
    const { queue, open, recorder } = await startStage();
    const done = await queue.add(task('t', 'hold'), { removeOnComplete: true });
    const failed = await queue.add(task('t', 'fail'), { removeOnFail: true, attempts: 1 });
    await until('it runs', () => recorder.runs.length === 1);
    await expect(queue.waitUntilFinished(done, 20)).rejects.toBeInstanceOf(WaitTimeoutError); // listens from now on
    const results = Promise.allSettled([queue.waitUntilFinished(done), queue.waitUntilFinished(failed)]);
    open();
    const [first, second] = await results;
    expect(first).toEqual({ status: 'fulfilled', value: 'hold' });
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'as it was told' } });
    await expect(queue.waitUntilFinished(done)).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  it('waits for the end after a retry by hand, not for the one before', async () => {
    let healed = false;
    const held = gate();
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('note', async () => {
        if (!healed) throw new Error('not yet');
        await held.promise;
        return 'at last';
      });
    });
    const job = await queue.add(task('t'), { attempts: 1 });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow('not yet');
    healed = true;
    await queue.retryFailed();
    const result = queue.waitUntilFinished(job, 5_000);
    await until('it runs', async () => (await job.getState()) === 'active');
    held.open();
    expect(await result).toBe('at last');
  });

  it('serves many waiters, several for one task, and from an instance that runs nothing', async () => {
    const name = uniqueName();
    const { queue } = await startInstance({ name, role: 'PRODUCER' });
    const jobs = await queue.addBulk(upTo(200).map((n) => task(`t${n % 7}`, n)));
    const results = Promise.all([...jobs, ...jobs].map((job) => queue.waitUntilFinished(job, 20_000)));
    await startInstance({ name, workerOptions: { workerCount: 3 } }, (workers) => {
      workers.registerHandler('note', (payload) => payload);
    });
    expect(await results).toEqual([...upTo(200), ...upTo(200)]);
  });

  it('ends when the application shuts down', async () => {
    const { queue, close, open, recorder } = await startStage({ workerOptions: { shutdownTimeout: 5_000 } });
    const job = await queue.add(task('t', 'hold'));
    const later = await queue.add(task('t'), { delay: 60_000 });
    const ended = Promise.allSettled([queue.waitUntilFinished(job), queue.waitUntilFinished(later)]);
    await until('it runs', () => recorder.runs.length === 1);
    open();
    await close();
    const [first, second] = await ended;
    expect(first).toEqual({ status: 'fulfilled', value: 'hold' });
    expect(second).toMatchObject({ status: 'rejected', reason: expect.any(QueueClosedError) });
  });

  it.each([[-1], [Number.NaN], ['1000'], [null]])('refuses the time-out %p', async (timeoutMs) => {
    const { queue } = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    const waiting = queue.waitUntilFinished('any', timeoutMs as any);
    await expect(waiting).rejects.toBeInstanceOf(AffinityQueueError);
    await expect(waiting).rejects.toMatchObject({ code: 'AFFINITY_INVALID_ARGUMENT' });
  });
});

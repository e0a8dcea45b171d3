import { afterEach, describe, expect, it } from '@jest/globals';
import { AffinityQueueError, type Task } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/** An instance whose tasks fail until they are healed. */
async function startFailing() {
  const recorder = new Recorder();
  let healed = false;
  const handler = recorder.handler(() => {
    if (!healed) throw new Error('not yet');
  });
  const defaultTaskOptions = { attempts: 1 };
  const { queue } = await startInstance(
    { name: uniqueName(), queueOptions: { defaultTaskOptions } },
    (workers) => {
      for (const type of ['mail', 'bill']) workers.registerHandler(type, handler);
    },
  );
  const add = async (count: number, of: (n: number) => Partial<Task>) => {
    const before = (await queue.getQueueStats()).failed;
    const jobs = await queue.addBulk(
      upTo(count).map((n) => ({ type: 'mail', identifyTag: 't', payload: n, ...of(n) })),
    );
    await until('all have failed', async () => (await queue.getQueueStats()).failed === before + count);
    return jobs;
  };
  const heal = (): void => {
    healed = true;
    recorder.runs.length = 0;
  };
  return { queue, recorder, add, heal };
}

describe('retryFailed', () => {
  it('runs all failed tasks again, each tag in its order, and tells how many', async () => {
    const { queue, recorder, add, heal } = await startFailing();
    const jobs = await add(90, (n) => ({ identifyTag: `t${n % 3}` }));
    heal();
    expect(await queue.retryFailed()).toBe(90);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    for (const tag of upTo(3)) expect(recorder.payloads(`t${tag}`)).toEqual(upTo(30).map((n) => 3 * n + tag));
    expect(await queue.getQueueStats()).toMatchObject({ failed: 0, completed: 90 });
    expect(await queue.retryFailed()).toBe(0);
  });

  it('takes only those of a tag, of a type, so many of them, and all of that together', async () => {
    const { queue, recorder, add, heal } = await startFailing();
    await add(24, (n) => ({
      identifyTag: n % 2 === 0 ? 'even' : 'odd',
      type: n % 3 === 0 ? 'bill' : 'mail',
    }));
    heal();
    const retried = async (filter: Parameters<typeof queue.retryFailed>[0]) => {
      const before = recorder.runs.length;
      const count = await queue.retryFailed(filter);
      await until('they have run', () => recorder.runs.length === before + count);
      return recorder.runs.slice(before).map(({ payload }) => payload);
    };
    expect(await retried({ identifyTag: 'even', type: 'bill', limit: 2 })).toEqual([0, 6]);
    expect(await retried({ type: 'bill', identifyTag: 'odd' })).toEqual([3, 9, 15, 21]);
    expect(await retried({ identifyTag: 'odd', limit: 3 })).toEqual([1, 5, 7]);
    expect(await retried({ type: 'bill' })).toEqual([12, 18]);
    expect(await retried({ limit: 0 })).toEqual([]);
    expect(await retried({ identifyTag: 'nobody' })).toEqual([]);
    expect(await retried({ type: 'unheard of' })).toEqual([]);
    expect(await retried({ limit: 1 })).toEqual([2]);
    const rest = await retried({});
    expect([...rest].sort((a, b) => a - b)).toEqual([4, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23]);
    expect((await queue.getQueueStats()).failed).toBe(0);
  });

  it('finds those of a tag and a type among large ones, a few at a time', async () => {
    const { queue, recorder, add, heal } = await startFailing();
    const large = 'x'.repeat(200_000);
    await add(24, (n) => ({
      identifyTag: n % 2 === 0 ? 'even' : 'odd',
      type: n % 3 === 0 ? 'bill' : 'mail',
      payload: { n, large },
    }));
    heal();
    expect(await queue.retryFailed({ identifyTag: 'even', type: 'bill' })).toBe(4);
    expect(await queue.retryFailed({ identifyTag: 'odd' })).toBe(12);
    await until('they have run', () => recorder.runs.length === 16);
    expect((await queue.getQueueStats()).failed).toBe(8);
  });

  it('ends although the tasks fail again at once, and takes none of them twice', async () => {
    const { queue, recorder, add } = await startFailing();
    await add(210, (n) => ({ identifyTag: `t${n % 5}` }));
    recorder.runs.length = 0;
    expect(await queue.retryFailed()).toBe(210);
    await until('all have failed again', async () => (await queue.getQueueStats()).failed === 210);
    expect(recorder.runs).toHaveLength(210);
    expect(new Set(recorder.runs.map(({ jobId }) => jobId)).size).toBe(210);
  });

  it('gives a fresh set of attempts', async () => {
    const recorder = new Recorder();
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler(
        'note',
        recorder.handler((_payload, { attempt }) => {
          if (attempt < 6) throw new Error(`attempt ${attempt}`);
        }),
      );
    });
    const job = await queue.add({ type: 'note', identifyTag: 't', payload: 0 }, { attempts: 3, backoff: 0 });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow('attempt 3');
    expect(await queue.retryFailed()).toBe(1);
    await queue.waitUntilFinished(job, 5_000);
    expect(recorder.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await queue.getJob(job.id!))!.attemptsMade).toBe(3);
  });

  it('puts them behind what waits in their tag', async () => {
    const { queue, recorder, add, heal } = await startFailing();
    const [failed] = await add(1, () => ({}));
    heal();
    await queue.pauseTag('t');
    await queue.add({ type: 'mail', identifyTag: 't', payload: 'waiting' });
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    await queue.retryFailed();
    await queue.resumeTag('t');
    await queue.waitUntilFinished(failed!, 5_000);
    expect(recorder.payloads()).toEqual(['waiting', 0]);
  });

  it('called twice at once retries each task once', async () => {
    const { queue, recorder, add, heal } = await startFailing();
    await add(60, () => ({}));
    heal();
    const counts = await Promise.all([queue.retryFailed(), queue.retryFailed()]);
    expect(counts[0] + counts[1]).toBe(60);
    await until('all have run', async () => (await queue.getQueueStats()).completed === 60);
    expect(recorder.runs).toHaveLength(60);
  });

  it.each([
    [null],
    ['t'],
    [{ tag: 't' }],
    [{ identifyTag: '' }],
    [{ identifyTag: 5 }],
    [{ type: '' }],
    [{ type: 7 }],
    [{ limit: -1 }],
    [{ limit: 1.5 }],
    [{ limit: '3' }],
    [{ limit: Number.NaN }],
  ])('refuses the filter %j and retries nothing', async (filter) => {
    const { queue } = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    await expect(queue.retryFailed(filter as any)).rejects.toBeInstanceOf(AffinityQueueError);
  });
});

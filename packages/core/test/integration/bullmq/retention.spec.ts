import { afterEach, describe, expect, it } from '@jest/globals';
import type { Job, KeepJobs } from 'bullmq';
import { until } from '../../support/until.js';
import { Bench, closeBenches, idsOf } from './support/stage.js';

afterEach(closeBenches);

const sets = [
  ['completed', 'removeOnComplete', 'echo'],
  ['failed', 'removeOnFail', 'fail'],
] as const;

describe.each(sets)('what is kept of %s tasks', (state, option, type) => {
  const add = (bench: Bench, keep: boolean | number | KeepJobs): Promise<Job> =>
    bench.add(type, 'tag', 'x', { attempts: 1, [option]: keep });

  /** Runs so many, and says which are kept, the latest first. */
  async function run(
    keep: boolean | number | KeepJobs,
    count: number,
  ): Promise<{ added: string[]; kept: string[] }> {
    const bench = await Bench.start();
    const added: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const job = await add(bench, keep);
      added.push(job.id!);
      await until('it has ended', async () =>
        (await bench.events(state)).some(({ jobId }) => jobId === job.id),
      );
    }
    const kept = idsOf(await bench.queue.getJobs([state]));
    for (const id of added) expect(await bench.redis.exists(bench.key(id))).toBe(kept.includes(id) ? 1 : 0);
    return { added, kept };
  }

  it('can be nothing', async () => {
    expect((await run(true, 2)).kept).toEqual([]);
    expect((await run(0, 1)).kept).toEqual([]);
  });

  it('can be all', async () => {
    const { added, kept } = await run(false, 3);
    expect(kept).toEqual(added.reverse());
  });

  it.each([2, { count: 2 }])('can be the latest: %p', async (keep) => {
    const { added, kept } = await run(keep, 4);
    expect(kept).toEqual(added.slice(-2).reverse());
  });

  it('can be the young', async () => {
    const bench = await Bench.start();
    const [old, young] = [await add(bench, { age: 100 }), await add(bench, { age: 100 })];
    await bench.untilAt(state, old, young);
    await bench.redis.zadd(bench.key(state), Date.now() - 50_000, young.id!);
    await bench.redis.zadd(bench.key(state), Date.now() - 200_000, old.id!);
    const last = await add(bench, { age: 100 });
    await bench.untilAt(state, last);
    expect(idsOf(await bench.queue.getJobs([state]))).toEqual(idsOf([last, young]));
    expect(await bench.redis.exists(bench.key(old.id!))).toBe(0);
  });
});

describe('what is kept with a task', () => {
  it('can be the last lines of its log', async () => {
    const bench = await Bench.start({}, (workers) => {
      workers.registerHandler('talk', async (_payload, { job, log }) => {
        for (const row of ['one', 'two', 'three']) await job.log(row);
        return log('four');
      });
    });
    const job = await bench.queue.add('talk', { identifyTag: 'tag' }, { keepLogs: 2 });
    await bench.untilAt('completed', job);
    expect(await bench.queue.getJobLogs(job.id!)).toEqual({ logs: ['three', 'four'], count: 2 });
    expect((await bench.queue.getJob(job.id!))!.returnvalue).toBe(2);
    await job.remove();
    expect(await bench.redis.exists(`${bench.key(job.id!)}:logs`)).toBe(0);
  });

  it.each([
    [undefined, 3],
    [2, 2],
    [0, 0],
  ])('can be the last stack traces: %p of 3', async (stackTraceLimit, kept) => {
    const bench = await Bench.start();
    const data = { identifyTag: 'tag', payload: 'no' };
    const job = await bench.queue.add('fail', data, { attempts: 3, backoff: 0, stackTraceLimit });
    await bench.untilAt('failed', job);
    const read = (await bench.queue.getJob(job.id!))!;
    expect(read.stacktrace).toHaveLength(kept);
    expect(read).toMatchObject({ attemptsMade: 3, attemptsStarted: 3, failedReason: 'no' });
  });

  it('refuses more data than the job may have', async () => {
    const bench = await Bench.start();
    const data = { identifyTag: 'tag', payload: 'x'.repeat(100) };
    await expect(bench.queue.add('echo', data, { sizeLimit: 50 })).rejects.toThrow(
      'exceeds the limit 50 bytes',
    );
    expect(await bench.queue.getWaitingCount()).toBe(0);
  });
});

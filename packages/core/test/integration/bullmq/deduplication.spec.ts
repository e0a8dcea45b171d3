import { afterEach, describe, expect, it } from '@jest/globals';
import type { DeduplicationOptions, Job } from 'bullmq';
import { until } from '../../support/until.js';
import { Bench, closeBenches, idsOf } from './support/stage.js';

const hourMs = 3_600_000;

afterEach(closeBenches);

const dedup = (
  bench: Bench,
  payload: unknown,
  options: Partial<DeduplicationOptions> = {},
  delay?: number,
): Promise<Job> => bench.add('echo', 'tag', payload, { delay, deduplication: { id: 'one', ...options } });

const payloads = async (bench: Bench, jobs: readonly Job[]): Promise<unknown[]> =>
  Promise.all(
    jobs.map(
      async ({ id }) => ((await bench.queue.getJob(id!))?.data as { payload: unknown } | undefined)?.payload,
    ),
  );

describe('deduplication', () => {
  it('drops what comes while the first one waits or runs, wherever it is', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    bench.instance.scheduler.stop();
    const [running] = await bench.addTogether('hold', 'tag', 1);
    await bench.untilAt('running', running!);
    const first = await dedup(bench, 1);
    await bench.untilAt('dispatched', first);
    const second = await dedup(bench, 2);
    expect(second.id).toBe(first.id);
    expect(await bench.queue.getDeduplicationJobId('one')).toBe(first.id);
    expect(await bench.queue.getWaitingCount()).toBe(1);
    const [told] = await bench.events('deduplicated');
    expect(told).toMatchObject({ jobId: first.id, deduplicationId: 'one' });

    await bench.holds.end(running!.id!);
    await bench.untilAt('completed', first);
    expect(await bench.queue.getDeduplicationJobId('one')).toBeNull();
    const third = await dedup(bench, 3);
    expect(third.id).not.toBe(first.id);
    await bench.untilAt('completed', third);
  });

  it('lasts over failed attempts and ends with the task', async () => {
    const bench = await Bench.start();
    const add = (backoff: number) =>
      bench.add('fail', 'tag', 'no', { attempts: 2, backoff, deduplication: { id: 'one' } });
    const first = await add(hourMs);
    await bench.untilAt('parked', first);
    expect((await add(0)).id).toBe(first.id);
    await first.remove();
    const second = await add(0);
    expect(second.id).not.toBe(first.id);
    await bench.untilAt('failed', second);
    expect((await add(0)).id).not.toBe(second.id);
  });

  it('is lifted by hand, and by removal of an indexed task', async () => {
    const bench = await Bench.start({ role: 'SCHEDULER' });
    const first = await dedup(bench, 1);
    await bench.untilAt('indexed', first);
    expect(await bench.queue.removeDeduplicationKey('one')).toBe(1);
    const second = await dedup(bench, 2);
    await bench.untilAt('indexed', second);
    expect(await first.removeDeduplicationKey()).toBe(false);
    expect(await second.removeDeduplicationKey()).toBe(true);
    const third = await dedup(bench, 3);
    await bench.untilAt('indexed', third);
    await bench.queue.remove(third.id!);
    const fourth = await dedup(bench, 4);
    expect(idsOf(await bench.queue.getWaiting())).toEqual(idsOf([first, second, fourth]));
    await bench.queue.drain();
    expect(await bench.queue.getDeduplicationJobId('one')).toBeNull();
  });

  it('throttles for a time, also beyond the end of the task', async () => {
    const bench = await Bench.start();
    const ttl = 400;
    const first = await dedup(bench, 1, { ttl });
    await bench.untilAt('completed', first);
    expect((await dedup(bench, 2, { ttl: hourMs })).id).toBe(first.id);
    const next = await until('the time is over', async () => {
      const job = await dedup(bench, 3, { ttl: 1 });
      return job.id === first.id ? undefined : job;
    });
    await bench.untilAt('completed', next);
  });

  it('debounces: the latest replaces the delayed one and its time begins anew', async () => {
    const bench = await Bench.start();
    const options = { ttl: hourMs, extend: true, replace: true };
    const first = await dedup(bench, 1, options, hourMs);
    const second = await dedup(bench, 2, options, hourMs);
    expect(second.id).not.toBe(first.id);
    expect(idsOf(await bench.queue.getDelayed())).toEqual([second.id]);
    expect(await payloads(bench, [first, second])).toEqual([undefined, 2]);
    await second.promote();
    await bench.untilAt('completed', second);
    expect((await bench.queue.getJob(second.id!))!.returnvalue).toBe(2);
  });

  it('does not replace a task that is indexed', async () => {
    const bench = await Bench.start({ role: 'SCHEDULER' });
    const options = { ttl: hourMs, extend: true, replace: true };
    const first = await dedup(bench, 1, options);
    await bench.untilAt('indexed', first);
    const second = await dedup(bench, 2, options);
    expect(second.id).toBe(first.id);
    expect(idsOf(await bench.queue.getWaiting())).toEqual([first.id]);
    expect(await payloads(bench, [first])).toEqual([1]);
  });

  it('keeps the last one that came while the first ran, and runs it next', async () => {
    const bench = await Bench.start();
    const add = (type: string, payload: unknown) =>
      bench.add(type, 'tag', payload, { deduplication: { id: 'one', keepLastIfActive: true } });
    const first = await add('hold', 1);
    await bench.untilAt('running', first);
    await add('echo', 2);
    await add('echo', 3);
    expect(await bench.queue.getWaitingCount()).toBe(0);
    await bench.holds.end(first.id!);
    await until('another one is done', async () => (await bench.queue.getCompletedCount()) === 2);
    const next = (await bench.queue.getCompleted()).filter(({ id }) => id !== first.id);
    expect(next.map(({ returnvalue }) => returnvalue as unknown)).toEqual([3]);
    expect(await bench.queue.getDeduplicationJobId('one')).toBeNull();
    expect(await bench.redis.exists(bench.key('dn:one'))).toBe(0);
    expect(await bench.queue.getJobCountByTypes('active', 'waiting', 'delayed')).toBe(0);
  });

  it('keeps the last one also after a failure', async () => {
    const bench = await Bench.start();
    const add = (type: string, payload: unknown) =>
      bench.add(type, 'tag', payload, { attempts: 1, deduplication: { id: 'one', keepLastIfActive: true } });
    const first = await add('hold', 1);
    await bench.untilAt('running', first);
    await add('echo', 2);
    await bench.holds.end(first.id!, { error: new Error('no') });
    await bench.untilAt('failed', first);
    await until('the next one is done', async () => (await bench.queue.getCompletedCount()) === 1);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { RateLimitError, type Job, type Queue } from 'bullmq';
import { ErrorCode, type TaskContext } from '../../../src/index.js';
import { until } from '../../support/until.js';
import {
  Bench,
  closeBenches,
  idsOf,
  places,
  stageAllPlaces,
  waitingPlaces,
  type Placed,
} from './support/stage.js';

const hourMs = 3_600_000;
let bench: Bench;
let queue: Queue;
let placed: Placed;

async function stage(): Promise<void> {
  bench = await Bench.start({ workerOptions: { workerCount: 1 }, queueOptions: { schedulerInterval: 50 } });
  queue = bench.queue;
  placed = await stageAllPlaces(bench);
}

afterEach(closeBenches);

describe('pause and resume', () => {
  it('hold every waiting task where it is; what runs goes on', async () => {
    await stage();
    bench.instance.scheduler.start();
    await queue.pause();
    expect(await queue.isPaused()).toBe(true);
    const [running] = placed.running;
    await bench.holds.end(running.id!);
    await bench.untilAt('completed', running);
    await until(
      'the worker has asked for more',
      () => bench.instance.workers.getWorkerStates()[0]!.status === 'idle',
    );
    const late = await bench.add('echo', 'late');
    await bench.untilAt('indexed', late, ...placed.added, ...placed.indexed);
    await bench.untilAt('dispatched', ...placed.dispatched);
    await bench.untilAt('lookedAhead', ...placed.lookedAhead);
    expect(await queue.getJobCounts('active', 'waiting')).toEqual({ active: 0, waiting: 11 });

    await queue.resume();
    expect(await queue.isPaused()).toBe(false);
    for (const job of placed.dispatched) await bench.holds.end(job.id!);
    await bench.untilAt('completed', ...placed.lookedAhead, ...placed.indexed, ...placed.added, late);
  });
});

describe('delayed tasks', () => {
  it('can be promoted', async () => {
    await stage();
    bench.instance.scheduler.start();
    const [job, other] = placed.delayed;
    await job.promote();
    await bench.untilAt('indexed', job);
    expect(job.delay).toBe(0);
    await other.promote();
    await expect(other.promote()).rejects.toThrow('is not in the delayed state');
  });

  it('can be promoted all at once, in the order of their times', async () => {
    await stage();
    await queue.promoteJobs({ count: 1 });
    await bench.untilAt('added', ...placed.delayed);
    expect(await queue.getDelayedCount()).toBe(0);
    expect(idsOf(await queue.getWaiting()).slice(-2)).toEqual(idsOf(placed.delayed));
  });

  it('can get another delay', async () => {
    await stage();
    bench.instance.scheduler.start();
    const [job] = placed.delayed;
    await job.changeDelay(3 * hourMs);
    expect(idsOf(await queue.getDelayed())).toEqual(idsOf(placed.delayed).reverse());
    await job.changeDelay(1);
    await bench.untilAt('indexed', job);
    for (const place of waitingPlaces) {
      await expect(placed[place][0].changeDelay(1)).rejects.toThrow('is not in the delayed state');
    }
  });
});

describe('retry of what has ended', () => {
  it('puts failed and completed tasks at the end of their tags', async () => {
    await stage();
    bench.instance.scheduler.start();
    const [failed] = placed.failed;
    const [completed] = placed.completed;
    const [before] = await bench.addTogether('echo', 'failed', 1);
    await bench.untilAt('indexed', before!);
    await failed.retry();
    await completed.retry('completed');
    await bench.untilAt('indexed', failed, completed);
    expect(await failed.getState()).toBe('waiting');
    const ids = idsOf(await queue.getWaiting());
    expect(ids.indexOf(failed.id!)).toBeGreaterThan(ids.indexOf(before!.id!));
    expect(await queue.getJob(failed.id!)).toMatchObject({ attemptsMade: 1, attemptsStarted: 1 });
    expect((await queue.getJob(completed.id!))!.returnvalue).toBeNull();
    expect((await queue.getJob(failed.id!))!.failedReason).toBeUndefined();
  });

  it('resets the attempts on request', async () => {
    await stage();
    const [failed] = placed.failed;
    await failed.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    expect(await queue.getJob(failed.id!)).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
  });

  it('runs them again', async () => {
    bench = await Bench.start();
    const job = await bench.add('fail', 'tag', 'no', { attempts: 1 });
    await bench.untilAt('failed', job);
    await job.retry();
    await until('it has failed again', async () => (await bench.queue.getJob(job.id!))?.attemptsMade === 2);
    await bench.untilAt('failed', job);
    const echo = await bench.add('echo', 'tag', 7);
    await bench.untilAt('completed', echo);
    await echo.retry('completed', { resetAttemptsMade: true });
    await until('it has run again', async () => (await bench.queue.getJob(echo.id!))?.attemptsStarted === 2);
    await bench.untilAt('completed', echo);
    expect((await bench.queue.getJob(echo.id!))!.returnvalue).toBe(7);
  });

  it('refuses any other state', async () => {
    await stage();
    for (const place of [...waitingPlaces, 'running', 'delayed', 'completed'] as const) {
      await expect(placed[place][0].retry('failed')).rejects.toThrow('is not in the failed state');
    }
  });

  it.each(['failed', 'completed'] as const)('takes all that are %s', async (state) => {
    await stage();
    await queue.retryJobs({ state, count: 1 });
    await bench.untilAt('added', ...placed[state]);
    expect(await queue.getJobCountByTypes(state)).toBe(0);
    expect(idsOf(await queue.getWaiting()).slice(-2)).toEqual(idsOf(placed[state]));
  });
});

describe('data', () => {
  const changed = (job: Job, identifyTag = (job.data as { identifyTag: string }).identifyTag) => ({
    ...(job.data as object),
    identifyTag,
    payload: 'changed',
  });

  it('can be changed in every place', async () => {
    await stage();
    for (const place of places) {
      const [job] = placed[place];
      await job.updateData(changed(job));
      expect((await queue.getJob(job.id!))!.data).toMatchObject({ payload: 'changed' });
    }
    bench.instance.scheduler.start();
    await bench.holds.end(placed.running[0].id!);
    for (const job of placed.dispatched) await bench.holds.end(job.id!);
    await bench.untilAt('completed', placed.lookedAhead[0], placed.indexed[0], placed.added[0]);
    for (const place of ['lookedAhead', 'indexed', 'added'] as const) {
      expect((await queue.getJob(placed[place][0].id!))!.returnvalue).toBe('changed');
    }
  });

  it('keeps its tag once it is indexed', async () => {
    await stage();
    const refused = expect.objectContaining({ code: ErrorCode.UnsupportedOperation });
    for (const place of ['indexed', 'dispatched', 'lookedAhead', 'parked', 'running'] as const) {
      const [job] = placed[place];
      const before = job.data as object;
      await expect(job.updateData(changed(job, 'other'))).rejects.toEqual(refused);
      await expect(job.updateData({ step: 2 })).rejects.toEqual(refused);
      expect((await queue.getJob(job.id!))!.data).toEqual(before);
    }
    const { job } = await bench.holds.context(placed.running[0].id!);
    await expect(job.updateData(changed(job, 'other'))).rejects.toEqual(refused);
  });

  it('may get another tag before, and after its end', async () => {
    await stage();
    bench.instance.workers.registerHandler('tag', (_payload, { identifyTag }: TaskContext) => identifyTag);
    for (const place of ['added', 'delayed', 'failed'] as const) {
      const [job] = placed[place];
      await job.updateData({ ...changed(job, 'indexed'), type: 'tag' });
    }
    bench.instance.scheduler.start();
    const moved = [placed.added[0], placed.delayed[0], placed.failed[0]];
    await placed.delayed[0].promote();
    await placed.failed[0].retry();
    await bench.untilAt('indexed', ...moved);
    await bench.holds.end(placed.running[0].id!);
    for (const job of placed.dispatched) await bench.holds.end(job.id!);
    await bench.untilAt('completed', ...moved);
    for (const job of moved) expect((await queue.getJob(job.id!))!.returnvalue).toBe('indexed');
  });

  it('of a task that is gone cannot be changed', async () => {
    await stage();
    const [job] = placed.indexed;
    await job.remove();
    await expect(job.updateData(changed(job))).rejects.toThrow('Missing key for job');
    expect(await bench.redis.exists(bench.key(job.id!))).toBe(0);
  });
});

describe('progress and logs', () => {
  it('can be written and read in every place', async () => {
    await stage();
    for (const place of places) {
      const [job] = placed[place];
      await job.updateProgress({ done: place });
      await queue.updateJobProgress(job.id!, { done: place });
      expect((await queue.getJob(job.id!))!.progress).toEqual({ done: place });
      expect(await job.log('one')).toBe(1);
      expect(await queue.addJobLog(job.id!, 'two')).toBe(2);
      expect(await queue.addJobLog(job.id!, 'three', 2)).toBe(2);
      expect(await queue.getJobLogs(job.id!)).toEqual({ logs: ['two', 'three'], count: 2 });
      expect(await queue.getJobLogs(job.id!, 0, 0, false)).toEqual({ logs: ['three'], count: 2 });
      await job.clearLogs(1);
      expect((await queue.getJobLogs(job.id!)).logs).toEqual(['three']);
      await job.clearLogs();
      expect((await queue.getJobLogs(job.id!)).count).toBe(0);
    }
  });

  it('of a job that is gone cannot be written', async () => {
    await stage();
    const [job] = placed.indexed;
    await job.remove();
    await expect(job.updateProgress(1)).rejects.toThrow('Missing key for job');
    await expect(job.log('row')).rejects.toThrow('Missing key for job');
  });
});

describe('locks', () => {
  it('cannot be made to end before the task does', async () => {
    await stage();
    const [running] = placed.running;
    const { job } = await bench.holds.context(running.id!);
    const lock = `${bench.key(running.id!)}:lock`;
    const lasting = hourMs * 24 * 20;
    expect(await job.extendLock(job.token!, 1)).toBe(1);
    expect(await bench.redis.pttl(lock)).toBeGreaterThan(lasting);
    expect(await running.extendLock(job.token!, 1)).toBe(1);
    expect(await queue.getBackend().extendLocks([running.id!], [job.token!], 1)).toEqual([]);
    expect(await bench.redis.pttl(lock)).toBeGreaterThan(lasting);
    expect(await running.extendLock('stranger', 1)).toBe(0);
    await bench.holds.end(running.id!, { result: 1 });
    await bench.untilAt('completed', running);
  });

  it('let only their holder end a task from outside', async () => {
    await stage();
    const [running] = placed.running;
    const outside = (await queue.getJob(running.id!))!;
    await expect(outside.moveToCompleted('x', 'stranger')).rejects.toThrow('Lock mismatch');
    await expect(outside.moveToFailed(new Error('x'), 'stranger')).rejects.toThrow('Lock mismatch');
    await expect(placed.indexed[0].moveToCompleted('x', 'stranger')).rejects.toThrow('Missing lock');
    expect(await running.getState()).toBe('active');

    const { job } = await bench.holds.context(running.id!);
    expect(await outside.moveToCompleted('from outside', job.token!, true)).toBeUndefined();
    expect(await queue.getActiveCount()).toBe(0);
    expect(await bench.placeOf(placed.added[0].id!)).toBe('added');
    await bench.holds.end(running.id!, { result: 'too late' });
    await bench.holds.end(placed.dispatched[0].id!);
    await bench.untilAt('completed', running, placed.dispatched[0]);
    expect((await queue.getJob(running.id!))!.returnvalue).toBe('from outside');
  });
});

describe('global concurrency', () => {
  it('caps how many workers have a batch', async () => {
    bench = await Bench.start({ workerOptions: { workerCount: 3 } });
    queue = bench.queue;
    await queue.setGlobalConcurrency(1);
    expect(await queue.getGlobalConcurrency()).toBe(1);
    const jobs = await Promise.all(['a', 'b', 'c', 'd'].map((tag) => bench.add('hold', tag)));
    await bench.untilAt('running', jobs[0]!);
    await bench.untilAt('indexed', ...jobs.slice(1));
    expect(await queue.isMaxed()).toBe(true);

    await queue.setGlobalConcurrency(2);
    await bench.untilAt('running', ...jobs.slice(0, 2));
    expect(await bench.placeOf(jobs[2]!.id!)).toBe('indexed');
    await queue.removeGlobalConcurrency();
    expect(await queue.getGlobalConcurrency()).toBeNull();
    await bench.untilAt('running', ...jobs.slice(0, 3));
    expect(await bench.placeOf(jobs[3]!.id!)).toBe('indexed'); // three workers, three batches
    await bench.holds.end(jobs[1]!.id!);
    await bench.untilAt('running', jobs[3]!);
  });

  it('comes into force while workers are fed with short tasks', async () => {
    let running = 0;
    let most = 0;
    bench = await Bench.start({ workerOptions: { workerCount: 3, maxBatchSize: 3 } }, (workers) => {
      workers.registerHandler('count', async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      });
    });
    queue = bench.queue;
    const count = 2_000;
    const tasks = Array.from({ length: count }, (_, n) => ({
      type: 'count',
      identifyTag: `tag-${n % 200}`,
      payload: n,
    }));
    await bench.service.addBulk(tasks);
    await until('several run', () => most > 1);
    await queue.setGlobalConcurrency(1);
    await until('one is left', async () => (await bench.service.getQueueStats()).workersRunning <= 1);
    expect(await queue.getWaitingCount()).toBeGreaterThan(count / 10);
    most = 0;
    await until('all are done', async () => (await queue.getJobCountByTypes('waiting', 'active')) === 0, {
      timeoutMs: 25_000,
    });
    expect(most).toBe(1);
  });
});

describe('rate limits', () => {
  it('hold all workers together to so many starts in a time', async () => {
    bench = await Bench.start({ workerOptions: { workerCount: 3 } });
    queue = bench.queue;
    const windowMs = 400;
    await queue.setGlobalRateLimit(2, windowMs);
    expect(await queue.getGlobalRateLimit()).toEqual({ max: 2, duration: windowMs });
    const jobs = await Promise.all(Array.from({ length: 6 }, (_, n) => bench.add('echo', `tag-${n}`, n)));
    await bench.untilAt('completed', ...jobs);
    const starts = (await bench.events('active')).map(({ atMs }) => atMs);
    expect(starts).toHaveLength(6);
    // A window begins with the first start in it, so a slow machine can make windows with one start; and it begins a little
    // before that start is told.
    const windows: number[][] = [];
    for (const atMs of starts) {
      const window = windows.at(-1);
      if (window !== undefined && atMs - window[0]! < windowMs / 2) window.push(atMs);
      else windows.push([atMs]);
    }
    expect(Math.max(...windows.map((window) => window.length))).toBeLessThanOrEqual(2);
    expect(windows.length).toBeGreaterThanOrEqual(3);
    await queue.removeGlobalRateLimit();
    expect(await queue.getGlobalRateLimit()).toBeNull();
  });

  it('can be set by hand for a while, by a handler that gives its task back', async () => {
    const attempts: number[] = [];
    const limitMs = 300;
    bench = await Bench.start({ workerOptions: { workerCount: 2 } }, (workers) => {
      workers.registerHandler('limited', async (_payload, { attempt }) => {
        attempts.push(attempt);
        if (attempt > 1) return attempt;
        await bench.queue.rateLimit(limitMs);
        throw new RateLimitError();
      });
    });
    queue = bench.queue;
    const job = await bench.add('limited', 'tag', 0, { attempts: 1 });
    await until('its handler runs', () => attempts.length > 0);
    const other = await bench.add('echo', 'other');
    await bench.untilAt('completed', job, other);
    expect(attempts).toEqual([1, 2]);
    expect(await queue.getJob(job.id!)).toMatchObject({
      attemptsMade: 1,
      attemptsStarted: 2,
      returnvalue: 2,
    });
    // The limit is the queue's, not that of the worker whose handler found out.
    const [first, ...later] = (await bench.events('active')).map(({ atMs }) => atMs);
    expect(later).toHaveLength(2);
    for (const atMs of later) expect(atMs - first!).toBeGreaterThanOrEqual(limitMs);
    expect(await queue.getRateLimitTtl()).toBeLessThanOrEqual(0);
  });

  it('set by hand can be lifted', async () => {
    bench = await Bench.start();
    queue = bench.queue;
    await queue.rateLimit(hourMs);
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(0);
    await queue.removeRateLimitKey();
    const job = await bench.add('echo', 'tag');
    await bench.untilAt('completed', job);
  });
});

describe('jobs of a foreign producer with priorities', () => {
  it('have their state until they are indexed, and follow the plain ones', async () => {
    bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    queue = bench.queue;
    bench.instance.scheduler.stop();
    const data = { identifyTag: 'tag', payload: 0 };
    const low = await queue.add('echo', data, { priority: 9 });
    const high = await queue.add('echo', data, { priority: 1 });
    const plain = await queue.add('echo', data);
    expect(await low.getState()).toBe('prioritized');
    expect(idsOf(await queue.getPrioritized())).toEqual(idsOf([high, low]));
    expect(await queue.getJobCounts('prioritized', 'waiting')).toEqual({ prioritized: 2, waiting: 1 });
    expect(await queue.getCountsPerPriority([0, 1, 9])).toEqual({ 0: 1, 1: 1, 9: 1 });
    await queue.pause();
    bench.instance.scheduler.start();
    await until('all are indexed', async () => (await queue.getWaitingCount()) === 3);
    expect(await low.getState()).toBe('waiting');
    expect(await queue.getCountsPerPriority([0, 1, 9])).toEqual({ 0: 3, 1: 0, 9: 0 });
    expect(idsOf(await queue.getWaiting())).toEqual(idsOf([plain, high, low]));
    await queue.resume();
    await bench.untilAt('completed', plain, high, low);
    expect((await bench.events('active')).map(({ jobId }) => jobId)).toEqual(idsOf([plain, high, low]));
  });
});

describe('the event stream', () => {
  it('can be trimmed', async () => {
    bench = await Bench.start();
    const stream = bench.key('events');
    for (let i = 0; i < 50; i += 1) await bench.redis.xadd(stream, '*', 'event', 'noise');
    await bench.queue.trimEvents(0);
    expect(await bench.redis.xlen(stream)).toBeLessThan(50);
  });
});

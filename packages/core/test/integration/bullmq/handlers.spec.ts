import { afterEach, describe, expect, it } from '@jest/globals';
import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { ErrorCode, type TaskContext } from '../../../src/index.js';
import { gate, until } from '../../support/until.js';
import { Bench, closeBenches } from './support/stage.js';

const hourMs = 3_600_000;

afterEach(closeBenches);

/** A queue with one worker and a handler for tasks of type `step`. */
async function withHandler(step: (payload: any, context: TaskContext) => unknown): Promise<Bench> {
  return Bench.start({ workerOptions: { workerCount: 1 } }, (workers) => {
    workers.registerHandler('step', step);
  });
}

const read = async (bench: Bench, job: Job): Promise<Job> => (await bench.queue.getJob(job.id!))!;

describe('a handler that delays its own task', () => {
  it('frees the worker, keeps the attempts, and goes on later with what it saved', async () => {
    const steps: unknown[] = [];
    const bench = await withHandler(async (payload: { step: number }, { job, attempt }) => {
      steps.push([payload.step, attempt]);
      if (payload.step > 1) return 'ready';
      await job.moveToDelayed(Date.now() + 20, job.token);
      // BullMQ's documents have it in this order.
      await job.updateData({ ...job.data, payload: { step: 2 } });
      await job.updateProgress(50);
      await job.log('delayed');
      throw new DelayedError();
    });
    const job = await bench.add('step', 'tag', { step: 1 }, { attempts: 1 });
    const other = await bench.add('echo', 'other');
    await bench.untilAt('completed', job, other);
    expect(steps).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(await read(bench, job)).toMatchObject({
      attemptsMade: 1,
      attemptsStarted: 2,
      returnvalue: 'ready',
      progress: 50,
      stacktrace: [],
    });
    expect((await bench.queue.getJobLogs(job.id!)).logs).toEqual(['delayed']);
    expect(await bench.events('failed')).toEqual([]);
  });

  it('without a token, as a handler that knows no locks does it', async () => {
    const bench = await withHandler(async (_payload, { job, attempt }) => {
      if (attempt > 1) return attempt;
      await job.moveToDelayed(Date.now() + 10);
      throw new DelayedError();
    });
    const job = await bench.add('step', 'tag');
    await bench.untilAt('completed', job);
    expect(await bench.redis.exists(`${bench.key(job.id!)}:lock`)).toBe(0);
  });

  it('lets the later tasks of its tag go first', async () => {
    const order: unknown[] = [];
    const bench = await withHandler(async (payload: number, { job, attempt }) => {
      order.push([payload, attempt]);
      if (payload > 0 || attempt > 1) return;
      await job.moveToDelayed(Date.now() + 50, job.token);
      throw new DelayedError();
    });
    const jobs = await bench.addTogether('step', 'tag', 3);
    await bench.untilAt('completed', ...jobs);
    expect(order).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [0, 2],
    ]);
  });

  it('is seen as delayed meanwhile', async () => {
    const bench = await withHandler(async (_payload, { job }) => {
      await job.moveToDelayed(Date.now() + hourMs, job.token);
      throw new DelayedError();
    });
    const job = await bench.add('step', 'tag');
    await bench.untilAt('delayed', job);
    expect(await job.isDelayed()).toBe(true);
    expect(await bench.queue.getJobCounts('active', 'delayed', 'waiting')).toEqual({
      active: 0,
      delayed: 1,
      waiting: 0,
    });
    await until('the worker is idle', async () => (await bench.service.getQueueStats()).workersIdle === 1);
    await job.promote();
    await bench.untilAt('delayed', job);
    await until('it was taken again', async () => (await read(bench, job)).attemptsStarted === 2);
  });
});

describe('a handler that hands its task back', () => {
  it('gets it again, before the later ones of its tag and without a failed attempt', async () => {
    const order: unknown[] = [];
    const bench = await withHandler(async (payload: number, { job, attempt }) => {
      order.push([payload, attempt]);
      if (payload > 0 || attempt > 2) return;
      await job.moveToWait(job.token);
      throw new WaitingError();
    });
    const jobs = await bench.addTogether('step', 'tag', 2);
    await bench.untilAt('completed', ...jobs);
    expect(order).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 1],
    ]);
    expect(await read(bench, jobs[0]!)).toMatchObject({ attemptsMade: 1, attemptsStarted: 3 });
  });

  it('lets other tags in between', async () => {
    const order: string[] = [];
    const bench = await withHandler(async (_payload, { job, attempt, identifyTag }) => {
      order.push(`${identifyTag}${attempt}`);
      if (identifyTag !== 'a' || attempt > 1) return;
      await bench.untilAt('indexed', (await bench.queue.getJob('of-b'))!);
      await job.moveToWait(job.token);
      throw new WaitingError();
    });
    const job = await bench.add('step', 'a');
    const other = await bench.add('step', 'b', 0, { jobId: 'of-b' });
    await bench.untilAt('completed', job, other);
    expect(order).toEqual(['a1', 'b1', 'a2']);
  });
});

describe('a handler that says that it has moved its task, and has not', () => {
  it.each([DelayedError, WaitingError])('fails for good: %p', async (ControlError) => {
    let runs = 0;
    const bench = await withHandler(() => {
      runs += 1;
      throw new ControlError();
    });
    const job = await bench.add('step', 'tag', 0, { attempts: 5, backoff: 0 });
    const next = await bench.add('echo', 'tag', 'next');
    await bench.untilAt('failed', job);
    await bench.untilAt('completed', next);
    expect(runs).toBe(1);
    expect(await read(bench, job)).toMatchObject({
      failedReason: 'its handler said that it had moved the task, and had not',
      attemptsStarted: 1,
    });
  });
});

describe('a failure', () => {
  it('that says that it is unrecoverable uses no more attempts', async () => {
    let runs = 0;
    const bench = await withHandler(() => {
      runs += 1;
      throw new UnrecoverableError('never');
    });
    const job = await bench.add('step', 'tag', 0, { attempts: 5, backoff: 0 });
    await bench.untilAt('failed', job);
    expect(runs).toBe(1);
    expect(await read(bench, job)).toMatchObject({ failedReason: 'never', attemptsMade: 1 });
  });

  it('whose error holds no text is recorded as it can be', async () => {
    const bench = await withHandler((payload: number) => {
      const error = new Error();
      (error as { message: unknown }).message = payload === 0 ? { code: 7 } : payload === 1 ? null : 42n;
      throw error;
    });
    const retried = await bench.add('step', 'tag', 0, { attempts: 2, backoff: 0 });
    const failed = await Promise.all(
      [1, 2].map((payload) => bench.add('step', 'tag', payload, { attempts: 1 })),
    );
    await bench.untilAt('failed', retried, ...failed);
    expect((await read(bench, retried)).failedReason).toBe('{"code":7}');
    expect((await read(bench, retried)).attemptsMade).toBe(2);
    expect((await read(bench, failed[1]!)).failedReason).toBe('42');
  });

  it('of a foreign job with a back-off that nobody knows fails it with the reason', async () => {
    let runs = 0;
    const bench = await withHandler(() => {
      runs += 1;
      throw new Error('first');
    });
    const data = { identifyTag: 'tag', payload: 0 };
    const job = await bench.queue.add('step', data, { attempts: 3, backoff: { type: 'lunar', delay: 1 } });
    const next = await bench.add('echo', 'tag', 'next');
    await bench.untilAt('failed', job);
    await bench.untilAt('completed', next);
    expect(runs).toBe(1);
    expect((await read(bench, job)).failedReason).toMatch(
      /could not be recorded: Unknown backoff strategy lunar/,
    );
    expect(await bench.queue.getActiveCount()).toBe(0);
  });

  it.each([
    ['opts', '{"attempts":', /^malformed task: .*JSON/],
    ['opts', 'null', /^malformed task: /],
    ['progress', 'half', /^malformed task: .*JSON/],
    ['data', '{"identifyTag":"tag","payload":', /^the attempt could not be begun: .*JSON/],
    ['data', '{"payload":', /^malformed task: .*JSON/],
  ])(
    'of a foreign job whose %s is %p has the reason, and its handler is not called',
    async (field, value, reason) => {
      let runs = 0;
      const bench = await withHandler(() => (runs += 1));
      bench.instance.scheduler.stop();
      const job = await bench.addForeign('step', 'tag');
      await bench.redis.hset(bench.key(job.id!), field, value);
      const next = await bench.add('echo', 'tag');
      bench.instance.scheduler.start();
      await bench.untilAt('completed', next);
      await bench.untilAt('failed', job);
      expect(runs).toBe(0);
      expect(await bench.redis.hget(bench.key(job.id!), 'failedReason')).toMatch(reason);
      expect(await bench.queue.getActiveCount()).toBe(0);
    },
  );

  it('of several foreign jobs that nobody can read holds nobody up', async () => {
    const bench = await withHandler(() => 'fine');
    bench.instance.scheduler.stop();
    const broken = await Promise.all([1, 2, 3].map((n) => bench.addForeign('step', 'tag', n)));
    for (const { id } of broken) await bench.redis.hset(bench.key(id!), 'opts', '{');
    const fine = await bench.add('step', 'tag');
    bench.instance.scheduler.start();
    await bench.untilAt('completed', fine);
    await bench.untilAt('failed', ...broken);
    expect((await bench.service.getQueueStats()).active).toBe(0);
  });

  it.each([
    // BullMQ's scripts decode it when they look for the parent; nobody decodes it before.
    ['completes, with a parent that is no JSON', 'completes', 'parent'],
    ['fails, with a parent that is no JSON', 'fails', 'parent'],
    ['completes, with children that are no set', 'completes', 'children'],
  ])('to record how a task %s buries it: it holds no worker up', async (_name, end, broken) => {
    const errors: unknown[] = [];
    let runs = 0;
    const bench = await withHandler(async (_payload, { job }) => {
      runs += 1;
      const key = bench.key(job.id!);
      if (broken === 'parent') await bench.redis.hset(key, 'parentKey', bench.key('p'), 'parent', '{');
      else await bench.redis.set(`${key}:dependencies`, 'text');
      if (end === 'fails') throw new Error('no');
      return 'result';
    });
    bench.service.errors$.subscribe((error) => errors.push(error));
    const job = await bench.add('step', 'tag', 0, { attempts: 1 });
    const next = await bench.add('echo', 'tag');
    await bench.untilAt('completed', next);
    await bench.untilAt('failed', job);
    expect(runs).toBe(1);
    expect(await bench.redis.hget(bench.key(job.id!), 'failedReason')).toMatch(
      /^its outcome could not be recorded: (ERR|WRONGTYPE) /,
    );
    expect(await bench.events('failed')).toEqual([
      expect.objectContaining({ jobId: job.id, prev: 'active' }),
    ]);
    expect(await bench.redis.exists(`${bench.key(job.id!)}:lock`)).toBe(0);
    expect(await bench.service.getQueueStats()).toMatchObject({ active: 0, failed: 1, completed: 1 });
    expect(errors.length).toBeGreaterThan(0);
  });

  it('leaves the fields that BullMQ leaves', async () => {
    const bench = await withHandler((payload: string) => {
      throw new Error(payload);
    });
    const job = await bench.add('step', 'tag', 'no', { attempts: 3, backoff: 0 });
    await bench.untilAt('failed', job);
    const failed = await read(bench, job);
    expect(failed).toMatchObject({
      attemptsMade: 3,
      attemptsStarted: 3,
      stalledCounter: 0,
      failedReason: 'no',
      processedBy: bench.workerIds[0],
      returnvalue: null,
    });
    expect(failed.stacktrace).toHaveLength(3);
    expect(failed.stacktrace![0]).toContain('Error: no');
    expect(failed.finishedOn).toBeGreaterThanOrEqual(failed.processedOn!);
    expect(await bench.events('retries-exhausted')).toEqual([
      expect.objectContaining({ jobId: job.id, attemptsMade: '3' }),
    ]);
  });
});

describe('what a handler writes about its task', () => {
  it('is stored while it runs', async () => {
    const bench = await withHandler(async (payload, { job, updateProgress, log }) => {
      await updateProgress({ half: true });
      await job.updateProgress(75);
      await log('one');
      await job.log('two');
      await job.updateData({ ...job.data, payload: { ...payload, more: 1 } });
      return job.data.payload;
    });
    const job = await bench.add('step', 'tag', { some: 1 });
    await bench.untilAt('completed', job);
    expect(await read(bench, job)).toMatchObject({
      attemptsStarted: 1,
      progress: 75,
      returnvalue: { some: 1, more: 1 },
      data: { identifyTag: 'tag', type: 'step', payload: { some: 1, more: 1 } },
    });
    expect((await bench.queue.getJobLogs(job.id!)).logs).toEqual(['one', 'two']);
  });

  it('is refused once its attempt has ended, whatever the task does since', async () => {
    const contexts: TaskContext[] = [];
    const bench = await withHandler((_payload, context) => {
      contexts.push(context);
      if (contexts.length === 1) throw new Error('later');
    });
    const job = await bench.add('step', 'tag', 0, { attempts: 2, backoff: hourMs });
    await bench.untilAt('parked', job);
    const other = await bench.add('hold', 'other');
    await bench.untilAt('running', other);
    const notOwner = expect.objectContaining({ code: ErrorCode.NotTaskOwner });
    const [stale] = contexts;
    await expect(stale!.updateProgress(1)).rejects.toEqual(notOwner);
    await expect(stale!.log('row')).rejects.toEqual(notOwner);
    await expect(stale!.job.updateData(stale!.job.data)).rejects.toEqual(notOwner);
    await expect(stale!.job.moveToCompleted('x', stale!.job.token!, false)).rejects.toEqual(notOwner);
    await expect(stale!.job.moveToFailed(new Error('x'), stale!.job.token!)).rejects.toEqual(notOwner);
    await expect(stale!.job.moveToDelayed(Date.now(), stale!.job.token)).rejects.toEqual(notOwner);
    await expect(stale!.job.moveToWait(stale!.job.token)).rejects.toEqual(notOwner);
    expect(await read(bench, job)).toMatchObject({ progress: 0, attemptsMade: 1 });
    expect((await bench.queue.getJobLogs(job.id!)).count).toBe(0);
    expect(await bench.placeOf(job.id!)).toBe('parked');
    expect(await bench.placeOf(other.id!)).toBe('running');
  });
});

describe('a handler that ends its task itself', () => {
  it('has its first word; the worker goes on', async () => {
    const errors: unknown[] = [];
    const bench = await withHandler(async (_payload, { job }) => {
      await job.moveToCompleted('early', job.token!, false);
      return 'late';
    });
    bench.service.errors$.subscribe((error) => errors.push(error));
    const job = await bench.add('step', 'tag');
    const next = await bench.add('echo', 'tag', 1);
    await bench.untilAt('completed', job, next);
    expect(await read(bench, job)).toMatchObject({ returnvalue: 'early', attemptsMade: 1 });
    // Once for the result, and once for the failure that BullMQ makes of that.
    expect(errors.map((error) => (error as { code?: string }).code)).toEqual(
      Array.from({ length: 2 }, () => ErrorCode.NotTaskOwner),
    );
  });
});

describe('a result', () => {
  it.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['false', false, false],
    ['a text', 'text', 'text'],
    ['an object', { a: [1, { b: null }] }, { a: [1, { b: null }] }],
  ])('can be %s', async (_name, result, stored) => {
    const bench = await withHandler(() => result);
    const job = await bench.add('step', 'tag');
    await bench.untilAt('completed', job);
    expect((await read(bench, job)).returnvalue).toEqual(stored);
  });
});

describe('a paused queue', () => {
  it('lets a running batch go on after the resume, in order', async () => {
    const order: number[] = [];
    const opened = gate();
    const bench = await withHandler(async (payload: number) => {
      order.push(payload);
      if (payload === 0) await opened.promise;
    });
    const jobs = await bench.addTogether('step', 'tag', 3);
    await bench.untilAt('dispatched', jobs[1]!, jobs[2]!);
    await bench.queue.pause();
    opened.open();
    await bench.untilAt('completed', jobs[0]!);
    expect(await bench.queue.getActiveCount()).toBe(0);
    expect(order).toEqual([0]);
    await bench.queue.resume();
    await bench.untilAt('completed', ...jobs);
    expect(order).toEqual([0, 1, 2]);
  });
});

import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  ElectionService,
  QueueService,
  SchedulerService,
  WorkerService,
  type QueueEvent,
  type TaskHandlerFunction,
} from '../index.js';
import { AffinityQueueTesting, AffinityQueueTestingModule } from './index.js';

let app: TestingModule;
let queue: QueueService;
let testing: AffinityQueueTesting;
let ran: unknown[];
let handler: TaskHandlerFunction;

beforeEach(async () => {
  app = await Test.createTestingModule({
    imports: [
      AffinityQueueTestingModule.forRoot({
        workerOptions: { workerCount: 2, taskTimeout: 5_000, shutdownTimeout: 2_000 },
      }),
    ],
  }).compile();
  await app.init();
  queue = app.get(QueueService);
  testing = app.get(AffinityQueueTesting);
  ran = [];
  handler = () => undefined;
  app.get(WorkerService).registerHandler('note', (payload: unknown, context) => {
    ran.push(payload);
    return handler(payload, context);
  });
});
afterEach(async () => {
  jest.useRealTimers();
  await app.close();
});

const add = (payload: unknown, options = {}, identifyTag = 't') =>
  queue.add({ type: 'note', identifyTag, payload }, options);

describe('runUntilIdle', () => {
  it('is what makes tasks run; until then they wait, and are counted', async () => {
    await add(1);
    await add(2, {}, 'u');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    expect(await queue.getTagStats('t')).toMatchObject({ waiting: 1, boundTo: [] });
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 2, tagsWaiting: 2, workersIdle: 2 });
    await testing.runUntilIdle();
    expect(ran).toEqual([1, 2]);
    expect(await queue.getQueueStats()).toMatchObject({
      waiting: 0,
      completed: 2,
      workersIdle: 2,
      tagsBound: 0,
    });
    await testing.runUntilIdle();
    await add(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([1, 2]);
  });

  it('waits for handlers that take their time, and runs what is added meanwhile', async () => {
    handler = async (payload) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (payload === 1) await add(2, {}, 'other');
      ran.push(`end of ${String(payload)}`);
    };
    const job = await add(1);
    void queue.waitUntilFinished(job).then(() => add(3));
    await testing.runUntilIdle();
    expect(ran).toEqual([
      1,
      'end of 1',
      expect.anything(),
      expect.anything(),
      expect.anything(),
      expect.anything(),
    ]);
    expect(ran).toEqual(expect.arrayContaining([2, 'end of 2', 3, 'end of 3']));
  });

  it('leaves alone what is delayed, in a back-off, or paused', async () => {
    handler = () => {
      throw new Error('no');
    };
    await add('delayed', { delay: 1 }, 'a');
    await add('fails', { backoff: 1 }, 'b');
    await queue.pauseTag('c');
    await add('paused', {}, 'c');
    await testing.runUntilIdle();
    expect(ran).toEqual(['fails']);
    expect(await queue.getQueueStats()).toMatchObject({ delayed: 1, waiting: 2, failed: 0 });
  });

  it('goes over delays and back-offs when it is told to, each at its time', async () => {
    const times: number[] = [];
    const from = testing.clock.nowMs();
    handler = (_payload, { attempt }) => {
      times.push(testing.clock.nowMs() - from);
      if (attempt < 3) throw new Error('not yet');
    };
    await add('retried');
    await add('delayed', { delay: 86_400_000 }, 'u');
    await testing.runUntilIdle({ advance: true });
    expect(ran).toEqual(['retried', 'retried', 'retried', 'delayed', 'delayed', 'delayed']);
    expect(times).toEqual([0, 1_000, 3_000, 86_400_000, 86_401_000, 86_403_000]);
    expect(testing.clock.nowMs() - from).toBe(86_403_000);
  });

  it('ends with an error where there is no end', async () => {
    handler = async (payload) => void (await add(payload));
    await add('again');
    const endless = testing.runUntilIdle({ maxAttempts: 50 });
    await expect(endless).rejects.toMatchObject({ code: 'AFFINITY_UNSUPPORTED_OPERATION' });
    expect(ran.length).toBeGreaterThan(50);
    expect(ran.length).toBeLessThan(100);
  });

  it('works beside the fake timers of a test', async () => {
    jest.useFakeTimers();
    handler = async () => {
      await Promise.resolve();
    };
    await add(1);
    await add(2);
    await testing.runUntilIdle();
    expect(ran).toEqual([1, 2]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('runFor', () => {
  it('lets so much time pass, and runs what becomes due in it', async () => {
    const from = testing.clock.nowMs();
    for (const delay of [0, 100, 200, 300]) await add(delay, { delay });
    await testing.runFor(199);
    expect(ran).toEqual([0, 100]);
    await testing.runFor(1);
    expect(ran).toEqual([0, 100, 200]);
    expect(testing.clock.nowMs() - from).toBe(200);
    await testing.runFor(0);
    expect(ran).toHaveLength(3);
  });
});

describe('the clock', () => {
  it('moves tasks along, and runs none', async () => {
    const job = await add(1, { delay: 100 });
    testing.clock.advance(99);
    expect(await job.getState()).toBe('delayed');
    testing.clock.advance(1);
    expect(await job.getState()).toBe('waiting');
    expect(ran).toEqual([]);
  });

  it('ends the time of a running task', async () => {
    handler = () => new Promise(() => undefined);
    const job = await add(1, { attempts: 1 });
    const running = testing.runUntilIdle();
    testing.clock.advance(4_999);
    expect(await job.getState()).toBe('active');
    testing.clock.advance(1);
    await running;
    expect((await queue.getJob(job.id!))!.failedReason).toBe(`Task '${job.id}' took longer than 5000 ms`);
  });

  it('a cancelled task that does not end in time fails for good', async () => {
    handler = () => new Promise(() => undefined);
    const job = await add(1, { attempts: 3 });
    const running = testing.runUntilIdle();
    expect(await queue.cancel(job.id!)).toBe('aborted');
    testing.clock.advance(5_000);
    await running;
    expect((await queue.getJob(job.id!))!.failedReason).toBe(`Task '${job.id}' was cancelled`);
  });

  it('tells when there has been no leader for a whole lock TTL', async () => {
    const [election, scheduler] = [app.get(ElectionService), app.get(SchedulerService)];
    const told: QueueEvent[] = [];
    queue.events$.subscribe((event) => told.push(event));
    scheduler.stop();
    testing.clock.advance(29_999);
    expect([election.isLeader(), election.isLeaderless]).toEqual([false, false]);
    testing.clock.advance(1);
    expect(election.isLeaderless).toBe(true);
    await add(1);
    await testing.runUntilIdle({ advance: true });
    expect(ran).toEqual([]);
    scheduler.start();
    expect([election.isLeader(), election.isLeaderless]).toEqual([true, false]);
    await testing.runUntilIdle();
    expect(ran).toEqual([1]);
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['leaderless', 'leaderChanged']));
  });

  it('does not go back', () => {
    expect(() => testing.clock.advance(-1)).toThrow(RangeError);
  });
});

describe('waitUntilFinished', () => {
  it('runs what can run: nobody else would', async () => {
    handler = (payload) => payload;
    await add('first');
    expect(await queue.waitUntilFinished(await add('second'))).toBe('second');
    expect(ran).toEqual(['first', 'second']);
  });

  it('times out by the clock of the test', async () => {
    const job = await add(1, { delay: 1_000 });
    const waiting = queue.waitUntilFinished(job, 500);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'AFFINITY_WAIT_TIMEOUT' });
    testing.clock.advance(500);
    await outcome;
  });
});

describe('workers that are stopped while a handler does not end', () => {
  beforeEach(() => {
    handler = async (payload, { attempt, signal }) => {
      if (payload !== 'held' || attempt > 1) return;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      throw signal.reason;
    };
  });

  /** Stops the workers while the first task runs, and lets shutdownTimeout pass. */
  async function stopInTheMiddle(meanwhile: () => Promise<unknown>): Promise<void> {
    const running = testing.runUntilIdle();
    const stopped = app.get(WorkerService).stop();
    await meanwhile();
    testing.clock.advance(3_000);
    await Promise.all([running, stopped]);
    expect(await queue.getQueueStats()).toMatchObject({ workersIdle: 0, workersRunning: 0, active: 0 });
    await app.get(WorkerService).start();
  }

  it('abort it after shutdownTimeout; its task runs again, as the first of its tag', async () => {
    const job = await add('held');
    await add('next');
    await stopInTheMiddle(async () => {
      testing.clock.advance(1_999);
      expect(await job.getState()).toBe('active');
    });
    expect(await job.getState()).toBe('waiting');
    await testing.runUntilIdle();
    expect(ran).toEqual(['held', 'held', 'next']);
    expect(await queue.getJob(job.id!)).toMatchObject({ attemptsMade: 1, attemptsStarted: 2 });
  });

  it('a task that was cancelled before does not run again', async () => {
    handler = () => new Promise(() => undefined); // deaf to its signal
    const job = await add('held');
    await stopInTheMiddle(() => queue.cancel(job.id!));
    await expect(queue.waitUntilFinished(job)).rejects.toThrow(`Task '${job.id}' was cancelled`);
    expect(ran).toEqual(['held']);
  });
});

describe('what is not in memory', () => {
  it('says so: the BullMQ queue', () => {
    expect(() => queue.queue).toThrow(
      expect.objectContaining({
        code: 'AFFINITY_UNSUPPORTED_OPERATION',
        details: expect.objectContaining({ operation: 'QueueService.queue' }),
      }),
    );
  });

  it.each([
    'waitUntilFinished',
    'moveToFailed',
    'remove',
    'retry',
    'promote',
    'changePriority',
    'parent',
    'queue',
  ])('says so: job.%s', async (member) => {
    const job = (await add(1)) as any;
    expect(() => job[member]).toThrow(
      expect.objectContaining({
        code: 'AFFINITY_UNSUPPORTED_OPERATION',
        details: expect.objectContaining({ operation: `Job.${member}` }),
      }),
    );
  });

  it('a job can be compared, printed and encoded all the same', async () => {
    const job = await add({ n: 1 }, { jobId: 'one', deduplication: { id: 'd' } });
    expect(await queue.getJob('one')).toEqual(job);
    expect(JSON.parse(JSON.stringify(job))).toMatchObject({
      id: 'one',
      name: 'note',
      data: { type: 'note', identifyTag: 't', payload: { n: 1 } },
      deduplicationId: 'd',
      attemptsMade: 0,
    });
    expect((job as any).nothingOfBullMQ).toBeUndefined();
  });
});

describe('a job', () => {
  it('is what it was when it was read; what its handler changes of it stays there', async () => {
    handler = (_payload, { job }) => {
      job.data.payload.n = 99;
    };
    const job = await add({ n: 1 });
    await testing.runUntilIdle();
    expect([job.attemptsMade, job.finishedOn]).toEqual([0, undefined]);
    const after = (await queue.getJob(job.id!))!;
    expect(after).toMatchObject({
      attemptsMade: 1,
      finishedOn: testing.clock.nowMs(),
      data: { payload: { n: 1 } },
    });
  });
});

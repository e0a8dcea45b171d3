import { describe, expect, it } from '@jest/globals';
import { UnrecoverableError } from 'bullmq';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeRetries(system: ContractSystem): void {
  describe('retry order "block"', () => {
    it('later tasks of the tag wait for the retry, and other tags go on', async () => {
      const { queue, add, addAll, finished, payloads } = await startStage(system);
      const failing = await add('t', 'fail once', { backoff: 600 });
      const second = await add('t', 1);
      await system.until(
        'the tag is parked',
        async () => (await queue.getTagStats('t')).parkedUntil !== null,
      );
      const third = await add('t', 2);
      await finished(await add('other', 3));
      expect(payloads()).toEqual(['fail once', 3]);
      expect(await failing.getState()).toBe('waiting');
      await system.until('all wait', async () => (await queue.getTagStats('t')).waiting === 3);
      expect(await queue.getTagStats('t')).toMatchObject({ active: 0, boundTo: [] });
      expect(await queue.getQueueStats()).toMatchObject({
        waiting: 3,
        delayed: 0,
        tagsWaiting: 1,
        tagsBound: 0,
      });
      await finished(failing, second, third);
      expect(payloads('t')).toEqual(['fail once', 'fail once', 1, 2]);
      expect((await queue.getTagStats('t')).parkedUntil).toBeNull();
      expect(await addAll([])).toEqual([]);
    });

    it.each([1, 4, 10])('keeps the order with batches of %i', async (maxBatchSize) => {
      const { addAll, finished, payloads } = await startStage(system, { workerOptions: { maxBatchSize } });
      const jobs = await addAll(
        upTo(8).map((n) => task('t', n === 2 || n === 5 ? 'fail twice' : n, { backoff: 5 })),
      );
      await finished(...jobs);
      const twice = ['fail twice', 'fail twice', 'fail twice'];
      expect(payloads()).toEqual([0, 1, ...twice, 3, 4, ...twice, 6, 7]);
    });

    it('a task out of attempts fails, and the tag goes on', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      const doomed = await add('t', 'fail', { attempts: 2, backoff: 0 });
      const next = await add('t', 1);
      await expect(finished(doomed)).rejects.toMatchObject({
        code: 'AFFINITY_TASK_FAILED',
        message: 'as it was told',
        details: { jobId: doomed.id },
      });
      await finished(next);
      expect(payloads()).toEqual(['fail', 'fail', 1]);
      expect(await doomed.getState()).toBe('failed');
      const after = await queue.getJob(doomed.id!);
      expect(after).toMatchObject({ failedReason: 'as it was told', attemptsMade: 2, attemptsStarted: 2 });
      expect(after!.stacktrace![0]).toContain('as it was told');
      expect(await queue.getQueueStats()).toMatchObject({ failed: 1, completed: 1 });
    });

    it('an exponential back-off doubles, a fixed one does not', async () => {
      const { add, finished, runs } = await startStage(system);
      const gaps = (): number[] =>
        runs.slice(1).map(({ startedAtMs }, i) => startedAtMs - runs[i]!.startedAtMs);
      await finished(await add('t', 'fail twice', { backoff: { type: 'exponential', delay: 40 } }));
      const [first, second] = gaps();
      expect(first).toBeGreaterThanOrEqual(38);
      expect(second).toBeGreaterThanOrEqual(78);
      runs.length = 0;
      await finished(await add('t', 'fail twice', { backoff: 30 }));
      for (const gap of gaps()) expect(gap).toBeGreaterThanOrEqual(28);
      expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    });
  });

  describe('retry order "skip"', () => {
    it('later tasks go on; the failed one rejoins at the end of its tag', async () => {
      const { queue, add, addAll, finished, payloads, open } = await startStage(system);
      const failing = await add('t', 'fail once', { retryOrder: 'skip', backoff: 250 });
      const held = await add('t', 'hold');
      await system.until('it is delayed', async () => (await failing.getState()) === 'delayed');
      expect(await queue.getQueueStats()).toMatchObject({ delayed: 1 });
      await add('t', 'before it is due');
      await system.until('it has rejoined', async () => (await failing.getState()) === 'waiting');
      const [last] = await addAll([task('t', 'after it was due')]);
      open();
      await finished(held, failing, last!);
      expect(payloads()).toEqual(['fail once', 'hold', 'before it is due', 'fail once', 'after it was due']);
    });

    it('is the default where queueOptions.defaultTaskOptions says so', async () => {
      const { queue, addAll, finished, payloads } = await startStage(system, {
        queueOptions: { defaultTaskOptions: { retryOrder: 'skip', backoff: 20, attempts: 2 } },
      });
      await queue.pause();
      const jobs = await addAll([task('t', 'fail once'), task('t', 1)]);
      await queue.resume();
      await finished(...jobs);
      expect(payloads()).toEqual(['fail once', 1, 'fail once']);
    });
  });

  describe('an error that no retry helps', () => {
    it('fails the task at once', async () => {
      const { queue } = await system.start({}, (workers) => {
        workers.registerHandler('note', () => {
          throw new UnrecoverableError('for good');
        });
      });
      const job = await queue.add(task('t'), { attempts: 5 });
      await expect(system.settled(queue.waitUntilFinished(job, 5_000))).rejects.toThrow('for good');
      expect((await queue.getJob(job.id!))!.attemptsMade).toBe(1);
    });

    it.each([
      ['a text', 'boom', 'The handler threw something that is no Error: boom'],
      ['nothing', undefined, 'The handler threw something that is no Error: undefined'],
    ])('%s that is thrown is an error', async (_what, thrown, message) => {
      const { queue } = await system.start({}, (workers) => {
        workers.registerHandler('note', () => {
          throw thrown as unknown as Error;
        });
      });
      const job = await queue.add(task('t'), { attempts: 1 });
      await expect(system.settled(queue.waitUntilFinished(job, 5_000))).rejects.toThrow(message);
    });
  });

  describe('a task whose type has no handler', () => {
    it('fails with an error that lists the registered types, after all its attempts', async () => {
      const { queue, finished, add } = await startStage(system);
      const job = await queue.add({ type: 'new', identifyTag: 't', payload: 7 }, { attempts: 3, backoff: 5 });
      const next = await add('t', 'next');
      await expect(finished(job)).rejects.toThrow(
        "No handler for task type 'new' on this worker; registered types: 'note'",
      );
      expect((await queue.getJob(job.id!))!.attemptsMade).toBe(3);
      expect(await finished(next)).toEqual(['next']);
    });

    it('can have its handler registered later', async () => {
      const { queue, workers, finished } = await startStage(system);
      const job = await queue.add(
        { type: 'new', identifyTag: 't', payload: 7 },
        { attempts: 1_000, backoff: 5 },
      );
      await system.until('it has failed once', async () => (await queue.getJob(job.id!))!.attemptsMade >= 1);
      workers.registerHandler('new', () => 'late');
      expect(workers.registeredTypes).toEqual(['new', 'note']);
      expect(await finished(job)).toEqual(['late']);
    });
  });

  describe('taskTimeout', () => {
    it('aborts an attempt that takes longer, and the next one follows', async () => {
      const reasons: unknown[] = [];
      const { queue } = await system.start({ workerOptions: { taskTimeout: 40 } }, (workers) => {
        workers.registerHandler('note', async (_payload, { attempt, signal }) => {
          if (attempt === 2) return 'in time';
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          reasons.push(signal.reason.code);
          throw new Error('stopped');
        });
      });
      const job = await queue.add(task('t'), { backoff: 0 });
      expect(await system.settled(queue.waitUntilFinished(job, 5_000))).toBe('in time');
      expect(reasons).toEqual(['AFFINITY_TASK_TIMEOUT']);
    });

    it('fails a task whose every attempt takes longer', async () => {
      const { queue } = await system.start({ workerOptions: { taskTimeout: 40 } }, (workers) => {
        workers.registerHandler('note', () => new Promise(() => undefined));
      });
      const job = await queue.add(task('t'), { attempts: 2, backoff: 0 });
      await expect(system.settled(queue.waitUntilFinished(job, 5_000))).rejects.toThrow(
        `Task '${job.id}' took longer than 40 ms`,
      );
    });
  });

  describe('retryFailed', () => {
    const failing = { attempts: 1 };

    it('gives failed tasks fresh attempts at the end of their tags, those that failed first come first', async () => {
      const { queue, addAll, add, finished, payloads, open } = await startStage(system);
      const jobs = await addAll(upTo(3).map(() => task('t', 'hold and fail', failing)));
      open();
      await Promise.allSettled([finished(...jobs)]);
      await system.until('all have failed', async () => (await queue.getQueueStats()).failed === 3);
      await queue.pause();
      const before = payloads().length;
      await add('t', 'waiting');
      expect(await queue.retryFailed()).toBe(3);
      expect(await Promise.all(jobs.map((job) => job.getState()))).toEqual(['waiting', 'waiting', 'waiting']);
      expect((await queue.getJob(jobs[0]!.id!))!.attemptsMade).toBe(0);
      await queue.resume();
      await system.until('all have failed again', async () => (await queue.getQueueStats()).failed === 3);
      expect(payloads().slice(before)).toEqual([
        'waiting',
        'hold and fail',
        'hold and fail',
        'hold and fail',
      ]);
    });

    it('means those that match: tag, type, limit', async () => {
      const { queue, addAll } = await startStage(system);
      await addAll([
        ...upTo(3).map(() => task('a', 'fail', failing)),
        task('b', 'fail', failing),
        { type: 'unknown', identifyTag: 'b', payload: 0, options: failing },
      ]);
      await system.until('all have failed', async () => (await queue.getQueueStats()).failed === 5);
      await queue.pause();
      expect(await queue.retryFailed({ identifyTag: 'a', limit: 2 })).toBe(2);
      expect(await queue.retryFailed({ type: 'unknown' })).toBe(1);
      expect(await queue.retryFailed({ type: 'unknown' })).toBe(0);
      expect(await queue.retryFailed({ identifyTag: 'nobody' })).toBe(0);
      expect(await queue.retryFailed({ limit: 0 })).toBe(0);
      expect(await queue.getQueueStats()).toMatchObject({ failed: 2, waiting: 3 });
    });
  });
}

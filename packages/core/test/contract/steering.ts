import { describe, expect, it } from '@jest/globals';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeSteering(system: ContractSystem): void {
  describe('pause', () => {
    it('of the queue: nothing starts, what runs goes on', async () => {
      const { queue, hold, addAll, open, finished, payloads } = await startStage(system);
      const held = await hold('t');
      const later = await addAll([task('t', 1), task('u', 2)]);
      await queue.pause();
      await queue.pause();
      expect((await queue.getQueueStats()).paused).toBe(true);
      open();
      await finished(held);
      await system.until('all wait', async () => (await queue.getQueueStats()).waiting === 2);
      expect(payloads()).toEqual(['hold']);
      await queue.resume();
      expect((await queue.getQueueStats()).paused).toBe(false);
      await finished(...later);
      expect(payloads('t')).toEqual(['hold', 1]);
      expect(payloads('u')).toEqual([2]);
    });

    it('of a tag: its dispatched tasks go back, other tags go on, resuming keeps the order', async () => {
      const { queue, hold, addAll, add, open, finished, payloads } = await startStage(system);
      const held = await hold('t');
      const later = await addAll(upTo(3).map((n) => task('t', n)));
      await system.until(
        'they are dispatched',
        async () => (await queue.getWorkers())[0]?.currentBatchSize === 4,
      );
      await queue.pauseTag('t');
      await queue.pauseTag('t');
      expect(await queue.getTagStats('t')).toMatchObject({ active: 1, waiting: 3, paused: true });
      open();
      await finished(held, await add('other'));
      expect(payloads('t')).toEqual(['hold']);
      expect(await queue.getQueueStats()).toMatchObject({ tagsWaiting: 1, waiting: 3 });
      await queue.resumeTag('t');
      await finished(...later);
      expect(payloads('t')).toEqual(['hold', 0, 1, 2]);
    });

    it('of a tag does not shorten a back-off, and outlasts it', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      const failing = await add('t', 'fail once', { backoff: 300 });
      await system.until(
        'the tag is parked',
        async () => (await queue.getTagStats('t')).parkedUntil !== null,
      );
      await queue.pauseTag('t');
      await system.until(
        'the back-off is over',
        async () => (await queue.getTagStats('t')).parkedUntil === null,
      );
      await finished(await add('other'));
      expect(payloads('t')).toEqual(['fail once']);
      await queue.resumeTag('t');
      await finished(failing);
      expect(payloads('t')).toEqual(['fail once', 'fail once']);
    });

    it('of a tag without tasks holds those that come later', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      await queue.pauseTag('t');
      const job = await add('t');
      await finished(await add('other'));
      await system.until('it waits', async () => (await queue.getTagStats('t')).waiting === 1);
      expect(payloads('t')).toEqual([]);
      await queue.resumeTag('t');
      await finished(job);
    });
  });

  describe('the scheduler', () => {
    it('when stopped lets tasks wait; started again it goes on', async () => {
      const { scheduler, queue, add, finished, payloads } = await startStage(system);
      await system.until('it schedules', () => scheduler.isScheduling);
      scheduler.stop();
      expect(scheduler.isScheduling).toBe(false);
      // A round that was under way may still take this one in.
      const jobs = [await add('t', 1), await add('t', 2)];
      expect((await queue.getQueueStats()).completed).toBeLessThanOrEqual(2);
      scheduler.start();
      await finished(...jobs);
      expect(payloads()).toEqual([1, 2]);
    });
  });

  describe('remove', () => {
    it('takes a task out that waits, is dispatched, delayed or parked; the others go on in order', async () => {
      const { queue, hold, add, addAll, open, finished, payloads } = await startStage(system);
      await hold('t');
      const dispatched = await addAll(upTo(3).map((n) => task('t', n)));
      await system.until(
        'they are dispatched',
        async () => (await queue.getWorkers())[0]?.currentBatchSize === 4,
      );
      const delayed = await add('t', 'delayed', { delay: 60_000 });
      const other = await add('u', 'waits');
      for (const job of [dispatched[1]!, delayed, other]) {
        expect(await queue.remove(job.id!)).toBe(true);
        expect(await queue.remove(job.id!)).toBe(false);
        expect(await queue.getJob(job.id!)).toBeUndefined();
        expect(await job.getState()).toBe('unknown');
      }
      open();
      await finished(dispatched[0]!, dispatched[2]!);
      expect(payloads()).toEqual(['hold', 0, 2]);
      await system.until('nothing is left', async () => {
        const { waiting, active, delayed: later, tagsBound } = await queue.getQueueStats();
        return waiting + active + later + tagsBound === 0;
      });
    });

    it('of the task that its tag waits for ends the back-off', async () => {
      const { queue, add, finished } = await startStage(system);
      const failing = await add('t', 'fail', { backoff: 60_000 });
      await system.until(
        'the tag is parked',
        async () => (await queue.getTagStats('t')).parkedUntil !== null,
      );
      const next = await add('t', 'next');
      expect(await queue.remove(failing.id!)).toBe(true);
      await finished(next);
    });

    it('leaves tasks alone that run or have finished', async () => {
      const { queue, add, open, finished } = await startStage(system);
      const job = await add('t', 'hold');
      await system.until('it runs', async () => (await job.getState()) === 'active');
      expect(await queue.remove(job.id!)).toBe(false);
      open();
      const failed = await add('t', 'fail', { attempts: 1 });
      await finished(job);
      await expect(finished(failed)).rejects.toThrow('as it was told');
      for (const { id } of [job, failed]) {
        expect(await queue.remove(id!)).toBe(false);
        expect(await queue.cancel(id!)).toBe('not-found');
        expect(await queue.getJob(id!)).toBeDefined();
      }
      for (const id of ['nobody', 'meta', 'aff:seq', '']) {
        expect(await queue.remove(id)).toBe(false);
        expect(await queue.cancel(id)).toBe('not-found');
      }
    });
  });

  describe('cancel', () => {
    it('removes a task that waits', async () => {
      const { queue, add } = await startStage(system);
      await queue.pauseTag('t');
      const job = await add('t');
      expect(await queue.cancel(job.id!)).toBe('removed');
      expect(await queue.cancel(job.id!)).toBe('not-found');
    });

    it('aborts the signal of a running task, which fails for good', async () => {
      const { queue, add, finished } = await startStage(system);
      const job = await add('t', 'until aborted');
      const next = await add('t', 'next');
      await system.until('it runs', async () => (await job.getState()) === 'active');
      expect(await queue.cancel(job.id!)).toBe('aborted');
      await expect(finished(job)).rejects.toThrow(`Task '${job.id}' was cancelled`);
      expect(await job.getState()).toBe('failed');
      expect((await queue.getJob(job.id!))!.attemptsMade).toBe(1);
      expect(await finished(next)).toEqual(['next']);
    });

    it('a handler that ignores its signal completes', async () => {
      const { queue, add, open, finished } = await startStage(system);
      const job = await add('t', 'hold');
      await system.until('it runs', async () => (await job.getState()) === 'active');
      expect(await queue.cancel(job.id!)).toBe('aborted');
      expect(await queue.cancel(job.id!)).toBe('aborted');
      open();
      expect(await finished(job)).toEqual(['hold']);
    });
  });

  describe('purgeTag', () => {
    it('removes what waits of a tag; what runs, what is delayed and other tags stay', async () => {
      const { queue, hold, add, addAll, open, finished, payloads } = await startStage(system);
      await hold('t');
      const delayed = await add('t', 'delayed', { delay: 400 });
      await addAll(upTo(15).map((n) => task('t', n)));
      const other = await add('other', 'other');
      expect(await queue.purgeTag('t')).toBe(15);
      expect(await queue.purgeTag('t')).toBe(0);
      expect(await queue.getTagStats('t')).toMatchObject({ waiting: 0, active: 1 });
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 1, active: 1, delayed: 1 });
      open();
      await finished(delayed, other);
      expect(payloads('t')).toEqual(['hold', 'delayed']);
    });
  });

  describe('stopped workers', () => {
    it('finish what runs, give the rest back, and go on when they are started again', async () => {
      const { queue, workers, hold, addAll, open, finished, payloads } = await startStage(system);
      const held = await hold('t');
      const later = await addAll(upTo(3).map((n) => task('t', n)));
      const stopped = workers.stop();
      await system.until('it gives back', async () => (await queue.getTagStats('t')).waiting === 3);
      open();
      await system.settled(stopped);
      await workers.stop();
      expect(workers.getWorkerStates()).toEqual([]);
      expect(await queue.getWorkers()).toEqual([]);
      expect(await held.getState()).toBe('completed');
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 3, tagsBound: 0, workersIdle: 0 });
      await workers.start();
      await workers.start();
      expect(workers.getWorkerStates()).toHaveLength(1);
      await finished(...later);
      expect(payloads()).toEqual(['hold', 0, 1, 2]);
    });
  });
}

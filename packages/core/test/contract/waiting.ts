import { describe, expect, it } from '@jest/globals';
import { gate } from '../support/until.js';
import { startStage, task } from './stage.js';
import type { ContractSystem } from './system.js';

const circular: Record<string, unknown> = {};
circular.self = circular;

export function describeWaiting(system: ContractSystem): void {
  const runWith = async (returned: unknown, options = {}) => {
    const { queue } = await system.start(options, (workers) => {
      workers.registerHandler('note', () => returned);
    });
    const job = await queue.add(task('t'));
    return { queue, job, result: system.settled(queue.waitUntilFinished(job, 5_000)) };
  };

  describe('waitUntilFinished', () => {
    it.each([
      ['nothing', undefined, null],
      ['null', null, null],
      ['false', false, false],
      ['an empty text', '', ''],
      ['a list', [1, [2]], [1, [2]]],
      ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ])('of a handler that returned %s', async (_what, returned, expected) => {
      const { queue, job, result } = await runWith(returned);
      expect(await result).toEqual(expected);
      expect(await queue.waitUntilFinished(job.id!, 0)).toEqual(expected);
      expect((await queue.getJob(job.id!))!.returnvalue).toEqual(expected);
    });

    it('gives the result of a task that is delayed, or is tried again', async () => {
      const { add, finished } = await startStage(system);
      expect(
        await finished(await add('t', 1, { delay: 50 }), await add('t', 'fail once', { backoff: 10 })),
      ).toEqual([1, 'fail once']);
    });

    it('rejects after its time-out, and the task goes on', async () => {
      const { queue, hold, open, finished } = await startStage(system);
      const job = await hold('t');
      const from = system.nowMs();
      const timeout = system.settled(queue.waitUntilFinished(job, 60));
      await expect(timeout).rejects.toMatchObject({ code: 'AFFINITY_WAIT_TIMEOUT' });
      expect(system.nowMs() - from).toBeGreaterThanOrEqual(59);
      await expect(queue.waitUntilFinished(job, 0)).rejects.toMatchObject({ code: 'AFFINITY_WAIT_TIMEOUT' });
      open();
      expect(await finished(job)).toEqual(['hold']);
    });

    it('rejects for a task that never was, that was removed, and that is removed meanwhile', async () => {
      const { queue, add } = await startStage(system);
      const notFound = { code: 'AFFINITY_TASK_NOT_FOUND' };
      for (const id of ['nobody', 'meta', '', undefined])
        await expect(system.settled(queue.waitUntilFinished(id!))).rejects.toMatchObject(notFound);
      await queue.pauseTag('t');
      const gone = await add('t');
      await queue.remove(gone.id!);
      await expect(system.settled(queue.waitUntilFinished(gone))).rejects.toMatchObject(notFound);
      const going = await add('t');
      const rejected = expect(system.settled(queue.waitUntilFinished(going))).rejects.toMatchObject(notFound);
      await queue.remove(going.id!);
      await rejected;
    });

    it('sees the result of a task that is not kept, if it waits before the task ends', async () => {
      const { queue, add, open, runs } = await startStage(system);
      const done = await add('t', 'hold', { removeOnComplete: true });
      await system.until('it runs', () => runs.length === 1);
      await expect(system.settled(queue.waitUntilFinished(done, 20))).rejects.toMatchObject({
        code: 'AFFINITY_WAIT_TIMEOUT',
      });
      const result = system.settled(queue.waitUntilFinished(done));
      open();
      expect(await result).toBe('hold');
      await expect(system.settled(queue.waitUntilFinished(done))).rejects.toMatchObject({
        code: 'AFFINITY_TASK_NOT_FOUND',
      });
    });

    it('waits for the end after a retry by hand, not for the one before', async () => {
      let healed = false;
      const held = gate();
      const { queue } = await system.start({}, (workers) => {
        workers.registerHandler('note', async () => {
          if (!healed) throw new Error('not yet');
          await held.promise;
          return 'at last';
        });
      });
      const job = await queue.add(task('t'), { attempts: 1 });
      await expect(system.settled(queue.waitUntilFinished(job, 5_000))).rejects.toThrow('not yet');
      healed = true;
      await queue.retryFailed();
      const result = system.settled(queue.waitUntilFinished(job, 5_000));
      await system.until('it runs', async () => (await job.getState()) === 'active');
      held.open();
      expect(await result).toBe('at last');
    });
  });

  describe('a result that cannot be stored', () => {
    it.each([
      ['a function', () => 1, 'contains a function'],
      ['a bigint', { n: 1n }, 'contains a bigint'],
      ['a circle', circular, 'refers to itself'],
      ['a Map', new Map([[1, 2]]), 'contains a Map'],
    ])('%s fails the task for good, with the reason', async (_what, returned, reason) => {
      const { queue, job, result } = await runWith(returned);
      await expect(result).rejects.toThrow(`The result of task '${job.id}' ${reason}`);
      expect((await queue.getJob(job.id!))!.attemptsMade).toBe(1);
    });

    it('one that is too large fails the task; one of just that size is stored', async () => {
      const options = { queueOptions: { maxResultBytes: 100 } };
      const tooLarge = await runWith('x'.repeat(99), options);
      await expect(tooLarge.result).rejects.toThrow(
        `The result of task '${tooLarge.job.id}' has 101 bytes of JSON; queueOptions.maxResultBytes allows 100`,
      );
      expect(await (await runWith('x'.repeat(98), options)).result).toBe('x'.repeat(98));
    });
  });

  describe('a closed queue', () => {
    it('refuses everything, and ends what waits', async () => {
      const { queue, workers, election, add, close } = await startStage(system);
      const job = await add('t', 'later', { delay: 60_000 });
      let completed = false;
      queue.events$.subscribe({ complete: () => (completed = true) });
      const waiting = expect(system.settled(queue.waitUntilFinished(job))).rejects.toMatchObject({
        code: 'AFFINITY_QUEUE_CLOSED',
      });
      await close();
      await waiting;
      expect(completed).toBe(true);
      const calls = [
        add('t'),
        queue.addBulk([task('t')]),
        queue.getJob('a'),
        queue.getQueueStats(),
        queue.getTagStats('t'),
        queue.pauseTag('t'),
        queue.remove('a'),
        queue.cancel('a'),
        queue.retryFailed(),
        queue.pause(),
        queue.getWorkers(),
        queue.waitUntilFinished('a'),
        workers.start(),
        election.getLeader(),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'AFFINITY_QUEUE_CLOSED' });
    });
  });
}

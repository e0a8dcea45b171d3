import { describe, expect, it } from '@jest/globals';
import type { TaskContext } from '../../src/index.js';
import { gate } from '../support/until.js';
import { task } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeContext(system: ContractSystem): void {
  describe('the context of a handler', () => {
    it('tells the task, the worker, the attempt, the place in the batch and the fencing token', async () => {
      const contexts: TaskContext[] = [];
      const started: unknown[] = [];
      const { queue, workers } = await system.start({}, (service) => {
        service.registerHandler('note', (_payload, context) => {
          contexts.push(context);
          const { attemptsMade, attemptsStarted } = context.job;
          started.push([attemptsMade, attemptsStarted]);
          if (contexts.length === 2) throw new Error('once');
        });
      });
      await queue.pauseTag('t');
      const jobs = await queue.addBulk([1, 2, 3].map((n) => task('t', n, { backoff: 5 })));
      await system.until('all are indexed', async () => (await queue.getTagStats('t')).waiting === 3);
      await queue.resumeTag('t');
      await system.settled(Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000))));
      const [{ workerId } = { workerId: '' }] = workers.getWorkerStates();
      expect(contexts.map(({ job, attempt, batchPosition }) => [job.id, attempt, batchPosition])).toEqual([
        [jobs[0]!.id, 1, 1],
        [jobs[1]!.id, 1, 2],
        [jobs[1]!.id, 2, 1],
        [jobs[2]!.id, 1, 2],
      ]);
      expect(started).toEqual([[0, 1], [0, 1], [1, 2], [0, 1]]); // prettier-ignore
      const [first, , second] = contexts.map(({ fencingToken }) => fencingToken);
      expect(second).toBeGreaterThan(first!);
      for (const context of contexts) {
        expect(context).toMatchObject({ identifyTag: 't', workerId });
        expect(Number.isSafeInteger(context.fencingToken)).toBe(true);
        expect(context.signal.aborted).toBe(false);
        expect(context.job.data.identifyTag).toBe('t');
        expect(context.job.name).toBe('note');
      }
    });

    it('stores progress, and counts the lines of the log', async () => {
      const lines: number[] = [];
      const { queue } = await system.start({}, (workers) => {
        workers.registerHandler('note', async (_payload, { updateProgress, log, job }) => {
          await updateProgress(50);
          await updateProgress({ done: 2, of: 3 });
          lines.push(await log('one'), await log('two'));
          return job.progress;
        });
      });
      const job = await queue.add(task('t'));
      expect(await system.settled(queue.waitUntilFinished(job, 5_000))).toEqual({ done: 2, of: 3 });
      expect((await queue.getJob(job.id!))!.progress).toEqual({ done: 2, of: 3 });
      expect(lines).toEqual([1, 2]);
    });

    it('writes nothing once the attempt is over', async () => {
      const over = gate();
      const late: unknown[] = [];
      const { queue } = await system.start({ workerOptions: { taskTimeout: 40 } }, (workers) => {
        workers.registerHandler('note', async (_payload, { updateProgress, log }) => {
          await over.promise;
          for (const write of [() => updateProgress(99), () => log('too late')]) {
            const [outcome] = await Promise.allSettled([write()]);
            late.push(outcome.status === 'rejected' ? outcome.reason.code : 'written');
          }
        });
      });
      const job = await queue.add(task('t'), { attempts: 1 });
      await expect(system.settled(queue.waitUntilFinished(job, 5_000))).rejects.toThrow('took longer');
      over.open();
      await system.until('it has tried', () => late.length === 2);
      expect(late).toEqual(['AFFINITY_NOT_TASK_OWNER', 'AFFINITY_NOT_TASK_OWNER']);
      expect((await queue.getJob(job.id!))!.progress).toBe(0);
    });

    it('lets a handler add tasks to its own tag', async () => {
      const ran: unknown[] = [];
      const { queue } = await system.start({}, (workers) => {
        workers.registerHandler('note', async (payload: number) => {
          ran.push(payload);
          if (payload > 0) await queue.add(task('t', payload - 1));
        });
      });
      await queue.add(task('t', 3));
      await system.until('all have run', async () => (await queue.getQueueStats()).completed === 4);
      expect(ran).toEqual([3, 2, 1, 0]);
    });
  });
}

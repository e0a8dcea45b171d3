import { describe, expect, it } from '@jest/globals';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeAdding(system: ContractSystem): void {
  describe('adding', () => {
    it('gives a job with the task in it, which can be read at any time', async () => {
      const { queue, add, finished } = await startStage(system);
      await queue.pause();
      const before = Date.now();
      const job = await add('company-1', { to: 'user@example.com' }, { attempts: 7 });
      const data = { identifyTag: 'company-1', type: 'note', payload: { to: 'user@example.com' } };
      expect(job).toMatchObject({ name: 'note', data, opts: { attempts: 7 } });
      expect(job.id).toEqual(expect.any(String));
      expect(Math.abs(job.timestamp - before)).toBeLessThan(60_000);
      expect(job.returnvalue).toBeNull();
      expect(await job.getState()).toBe('waiting');
      expect(await job.isWaiting()).toBe(true);
      await queue.resume();
      expect(await finished(job)).toEqual([{ to: 'user@example.com' }]);
      expect(await job.getState()).toBe('completed');
      expect([await job.isCompleted(), await job.isActive(), await job.isFailed()]).toEqual([
        true,
        false,
        false,
      ]);
      const after = await queue.getJob(job.id!);
      expect(after).toMatchObject({ id: job.id, data, attemptsMade: 1, attemptsStarted: 1 });
      expect(after!.returnvalue).toEqual({ to: 'user@example.com' });
      expect(after!.processedOn).toBeGreaterThanOrEqual(job.timestamp);
      expect(after!.finishedOn).toBeGreaterThanOrEqual(after!.processedOn!);
    });

    it('keeps the task as it was added', async () => {
      const { queue, finished, add } = await startStage(system);
      await queue.pause();
      const payload = { n: 1, nested: { list: [1] } };
      const job = await add('t', payload);
      payload.nested.list.push(2);
      await queue.resume();
      expect(await finished(job)).toEqual([{ n: 1, nested: { list: [1] } }]);
    });

    it('a payload of undefined is null', async () => {
      const { queue, finished } = await startStage(system);
      const job = await queue.add({ type: 'note', identifyTag: 't', payload: undefined });
      expect(await finished(job)).toEqual([null]);
      expect(job.data).toEqual({ type: 'note', identifyTag: 't', payload: null });
    });

    it.each([':', '{t}', 'a*b?[c]\\', '__proto__', 'constructor', '🚀', ' ', '项目'])('takes the tag %j', async (tag) => {
      const { runs, finished, add, queue } = await startStage(system);
      await finished(await add(tag, 1), await add(tag, 2));
      expect(runs.map(({ identifyTag, payload }) => [identifyTag, payload])).toEqual([[tag, 1], [tag, 2]]);
      expect((await queue.getTagStats(tag)).identifyTag).toBe(tag);
    }); // prettier-ignore

    it('in bulk keeps the order, and each its own options', async () => {
      const { queue, addAll, finished, payloads } = await startStage(system);
      const jobs = await addAll(upTo(20).map((n) => task('t', n, { jobId: `job-${n}` })));
      expect(jobs.map(({ id }) => id)).toEqual(upTo(20).map((n) => `job-${n}`));
      await finished(...jobs);
      expect(payloads()).toEqual(upTo(20));
      expect(await queue.addBulk([])).toEqual([]);
    });

    it('finds no job under an id that there is not', async () => {
      const { queue } = await startStage(system);
      for (const id of ['nobody', 'meta', 'events', 'aff:ctl', '', 'a:lock', undefined]) {
        expect(await queue.getJob(id!)).toBeUndefined();
      }
    });

    it('of the same jobId is one task: waiting, running, finished', async () => {
      const { queue, add, open, finished, payloads, runs } = await startStage(system);
      await queue.pause();
      await add('t', 'hold', { jobId: 'order-17' });
      await add('t', 'again, waiting', { jobId: 'order-17' });
      await queue.resume();
      await system.until('it runs', () => runs.length === 1);
      await add('t', 'again, running', { jobId: 'order-17' });
      open();
      await finished('order-17');
      await add('t', 'again, completed', { jobId: 'order-17' });
      await finished(await add('t', 'last'));
      expect(payloads()).toEqual(['hold', 'last']);
      expect((await queue.getJob('order-17'))!.data.payload).toBe('hold');
    });

    it('of a jobId that was removed is a new task', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      await queue.pauseTag('t');
      await add('t', 'removed', { jobId: 'a' });
      expect(await queue.remove('a')).toBe(true);
      await add('t', 'second', { jobId: 'a' });
      await queue.resumeTag('t');
      await finished('a');
      expect(payloads()).toEqual(['second']);
    });
  });
}

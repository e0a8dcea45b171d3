import { describe, expect, it } from '@jest/globals';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeDeduplication(system: ContractSystem): void {
  describe('deduplication', () => {
    it('while a task of the id waits or runs, others are dropped; afterwards the next one is taken', async () => {
      const { queue, add, open, finished, runs, payloads } = await startStage(system);
      const options = { deduplication: { id: 'one' } };
      await queue.pause();
      const first = await add('t', 'hold', options);
      expect((await add('t', 'dropped: it waits', options)).id).toBe(first.id);
      await queue.resume();
      await system.until('it runs', () => runs.length === 1);
      expect((await add('other', 'dropped: it runs', options)).id).toBe(first.id);
      const different = await add('t', 'other id', { deduplication: { id: 'two' } });
      open();
      await finished(first, different);
      const next = await add('t', 'next', options);
      expect(next.id).not.toBe(first.id);
      await finished(next);
      expect(payloads()).toEqual(['hold', 'other id', 'next']);
    });

    it('between attempts the id stays taken; a task that fails for good frees it', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      const options = { deduplication: { id: 'one' }, attempts: 2, backoff: 300 };
      const failing = await add('t', 'fail', options);
      await system.until(
        'it is in its back-off',
        async () => (await queue.getTagStats('t')).parkedUntil !== null,
      );
      expect((await add('t', 'dropped', options)).id).toBe(failing.id);
      await expect(finished(failing)).rejects.toThrow('as it was told');
      await finished(await add('t', 'next', options));
      expect(payloads()).toEqual(['fail', 'fail', 'next']);
    });

    it.each(['remove', 'cancel', 'purgeTag'] as const)('%s frees the id', async (way) => {
      const { queue, add, finished } = await startStage(system);
      const options = { deduplication: { id: 'one' } };
      await queue.pauseTag('t');
      const first = await add('t', 'first', options);
      if (way === 'purgeTag') await queue.purgeTag('t');
      else await queue[way](first.id!);
      const second = await add('t', 'second', options);
      expect(second.id).not.toBe(first.id);
      await queue.resumeTag('t');
      await finished(second);
    });

    it('with a ttl the id is free after so long, whatever became of the task', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      const options = { deduplication: { id: 'one', ttl: 400 } };
      const from = system.nowMs();
      const first = await add('t', 'first', options);
      await finished(first);
      expect((await add('t', 'too soon', options)).id).toBe(first.id);
      await system.until('the time is over', async () => {
        const job = await add('t', 'second', options);
        return (await queue.getJob(job.id!))!.data.payload === 'second';
      });
      expect(system.nowMs() - from).toBeGreaterThanOrEqual(398);
      await system.until('it has run', () => payloads().length === 2);
      expect(payloads()).toEqual(['first', 'second']);
    });

    it('debounce (extend, replace and a delay): the last of a series runs, once', async () => {
      const { queue, add, finished, payloads } = await startStage(system);
      const options = { deduplication: { id: 'one', ttl: 1_000, extend: true, replace: true }, delay: 250 };
      const jobs = [];
      for (const n of upTo(5)) jobs.push(await add('t', n, options));
      await finished(jobs.at(-1)!);
      expect(payloads()).toEqual([4]);
      expect(await queue.getJob(jobs[0]!.id!)).toBeUndefined();
      expect(await queue.getQueueStats()).toMatchObject({ completed: 1, delayed: 0, waiting: 0 });
    });

    it('reschedule: the first one keeps its data and waits for the last delay', async () => {
      const { add, finished, payloads } = await startStage(system);
      const deduplication = { id: 'one', reschedule: true };
      const first = await add('t', 'first', { deduplication, delay: 60_000 });
      expect((await add('t', 'second', { deduplication, delay: 30 })).id).toBe(first.id);
      await finished(first);
      expect(payloads()).toEqual(['first']);
    });

    it.each(['hold', 'hold and fail'])('keepLastIfActive (%s): of what comes while it runs the last one follows', async (held) => {
      const { queue, add, open, payloads } = await startStage(system);
      const options = { deduplication: { id: 'one', keepLastIfActive: true }, attempts: 1 };
      const first = await add('t', held, options);
      await system.until('it runs', async () => (await first.getState()) === 'active');
      for (const n of upTo(3)) expect((await add('t', n, options)).id).toBe(first.id);
      await add('t', 'other');
      open();
      await system.until('all have run', async () => {
        const { completed, failed } = await queue.getQueueStats();
        return completed + failed === 3;
      });
      expect(payloads()).toEqual([held, 'other', 2]);
    }); // prettier-ignore

    it('in bulk it holds from one task to the next', async () => {
      const { addAll, finished, payloads } = await startStage(system);
      await finished(
        ...(await addAll(upTo(4).map((n) => task('t', n, { deduplication: { id: `${n % 2}` } })))),
      );
      expect(payloads()).toEqual([0, 1]);
    });
  });
}

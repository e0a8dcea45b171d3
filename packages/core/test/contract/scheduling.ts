import { describe, expect, it } from '@jest/globals';
import { gate } from '../support/until.js';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeScheduling(system: ContractSystem): void {
  describe('affinity', () => {
    it('a worker runs batches of one tag, bounded and in order, and tags take turns', async () => {
      const { queue, addAll, finished, runs } = await startStage(system, {
        workerOptions: { maxBatchSize: 5 },
      });
      await queue.pause();
      const jobs = await addAll(upTo(36).map((n) => task(['x', 'y', 'z'][n % 3]!, n)));
      await system.until('all are indexed', async () => (await queue.getTagStats('z')).waiting === 12);
      await queue.resume();
      await finished(...jobs);
      const batches = [...new Set(runs.map(({ fencingToken }) => fencingToken))].map((token) =>
        runs.filter(({ fencingToken }) => fencingToken === token),
      );
      expect(batches.map((batch) => `${batch[0]!.identifyTag}${batch.length}`)).toEqual([
        'x5', 'y5', 'z5', 'x5', 'y5', 'z5', 'x2', 'y2', 'z2',
      ]); // prettier-ignore
      for (const [i, tag] of ['x', 'y', 'z'].entries()) {
        const payloads = runs.filter(({ identifyTag }) => identifyTag === tag).map(({ payload }) => payload);
        expect(payloads).toEqual(upTo(12).map((n) => 3 * n + i));
      }
      for (const batch of batches)
        expect(batch.map(({ batchPosition }) => batchPosition)).toEqual(batch.map((_, i) => i + 1));
      const tokens = runs.map(({ fencingToken }) => fencingToken);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    });

    it('several workers share the tags; two of one tag never run at once', async () => {
      const active = new Map<string, number>();
      let most = 0;
      const seen: string[] = [];
      const { queue } = await system.start(
        { workerOptions: { workerCount: 3, maxBatchSize: 4 } },
        (workers) => {
          workers.registerHandler('note', async (_payload, { identifyTag, workerId }) => {
            seen.push(workerId);
            active.set(identifyTag, (active.get(identifyTag) ?? 0) + 1);
            most = Math.max(most, active.get(identifyTag)!);
            await new Promise((resolve) => setImmediate(resolve));
            active.set(identifyTag, active.get(identifyTag)! - 1);
          });
        },
      );
      const jobs = await queue.addBulk(upTo(90).map((n) => task(`t${n % 6}`, n)));
      await system.settled(Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000))));
      expect(seen).toHaveLength(90);
      expect(new Set(seen).size).toBe(3);
      expect(most).toBe(1);
    });

    it.each([1, 3, 1_000])('a batch has at most maxBatchSize (%i) tasks', async (maxBatchSize) => {
      const { addAll, finished, batches, payloads } = await startStage(system, {
        workerOptions: { maxBatchSize },
      });
      await finished(...(await addAll(upTo(10).map((n) => task('t', n)))));
      expect(payloads()).toEqual(upTo(10));
      for (const batch of batches()) expect(batch.length).toBeLessThanOrEqual(maxBatchSize);
    });
  });

  describe('top-up', () => {
    it('tasks that come while their tag runs join its batch up to its limit, ahead of a tag that waits', async () => {
      const { queue, hold, add, addAll, open, finished, batches } = await startStage(system, {
        workerOptions: { maxBatchSize: 4 },
      });
      await hold('t');
      const other = await add('other', 'other');
      const later = await addAll(upTo(9).map((n) => task('t', n)));
      await system.until(
        'the batch is full',
        async () => (await queue.getWorkers())[0]?.currentBatchSize === 4,
      );
      open();
      await finished(other, ...later);
      expect(batches()).toEqual([['hold', 0, 1, 2], ['other'], [3, 4, 5, 6], [7, 8]]);
    });
  });

  describe('round robin', () => {
    it('a tag of many tasks lets each of many tags of one start within one rotation', async () => {
      const { queue, hold, addAll, open, finished, runs } = await startStage(system, {
        workerOptions: { maxBatchSize: 10 },
      });
      await hold('warm-up');
      await addAll(upTo(300).map((n) => task('big', n)));
      await system.until('all are indexed', async () => (await queue.getTagStats('big')).waiting === 300);
      const small = await addAll(upTo(20).map((n) => task(`small-${n}`)));
      await system.until('all are ready', async () => {
        const { tagsWaiting, tagsBound } = await queue.getQueueStats();
        return tagsWaiting + tagsBound === 22;
      });
      open();
      await finished(...small);
      const last = runs.findLastIndex(({ identifyTag }) => identifyTag.startsWith('small-'));
      expect(runs.slice(0, last).filter(({ identifyTag }) => identifyTag === 'big')).toHaveLength(10);
    });
  });

  describe('identifyTagConcurrency', () => {
    it('lets so many workers have one tag at once, per tag', async () => {
      const { queue, addAll, open, finished, runs } = await startStage(system, {
        workerOptions: { workerCount: 4, maxBatchSize: 1 },
        queueOptions: { identifyTagConcurrency: { default: 1, wide: 2 } },
      });
      const jobs = await addAll(['wide', 'narrow'].flatMap((tag) => upTo(3).map(() => task(tag, 'hold'))));
      await system.until('three run', () => runs.length === 3);
      await system.until('the rest waits', async () => (await queue.getTagStats('wide')).waiting === 1);
      expect(await queue.getTagStats('wide')).toMatchObject({ active: 2 });
      expect((await queue.getTagStats('wide')).boundTo).toHaveLength(2);
      expect(await queue.getTagStats('narrow')).toMatchObject({ active: 1, waiting: 2 });
      expect(await queue.getQueueStats()).toMatchObject({ workersIdle: 1, workersRunning: 3, tagsBound: 2 });
      open();
      await finished(...jobs);
      expect(runs).toHaveLength(6);
    });
  });

  describe('look-ahead', () => {
    it('a worker of short tasks has its next tag in advance', async () => {
      const { queue, add, addAll, hold, finished, open, payloads } = await startStage(system);
      await finished(...(await addAll(upTo(20).map((n) => task('warm-up', n)))));
      await hold('busy');
      const job = await add('t');
      await system.until(
        'it is the look-ahead',
        async () => (await queue.getTagStats('t')).boundTo.length === 1,
      );
      expect(await queue.getQueueStats()).toMatchObject({ tagsBound: 2, tagsWaiting: 0, waiting: 1 });
      expect(await queue.remove(job.id!)).toBe(true);
      expect((await queue.getTagStats('t')).boundTo).toEqual([]);
      const next = await add('t', 'next');
      open();
      await finished(next);
      expect(payloads('t')).toEqual(['next']);
    });
  });

  describe('a look-ahead that has not begun', () => {
    it('goes to another worker as soon as that one is free', async () => {
      const gates = new Map([['one', gate()], ['two', gate()]]); // prettier-ignore
      const ranOn = new Map<string, string>();
      const { queue } = await system.start({ workerOptions: { workerCount: 2 } }, (workers) => {
        workers.registerHandler('note', async (_payload, { identifyTag, workerId }) => {
          ranOn.set(identifyTag, workerId);
          await gates.get(identifyTag)?.promise;
        });
      });
      const warmUp = await queue.addBulk(upTo(40).map((n) => task(`warm-up-${n}`)));
      await system.settled(Promise.all(warmUp.map((job) => queue.waitUntilFinished(job, 10_000))));
      const held = await queue.addBulk([task('one'), task('two')]);
      await system.until('both run', () => ranOn.has('one') && ranOn.has('two'));
      const job = await queue.add(task('t'));
      await system.until(
        'it is the look-ahead',
        async () => (await queue.getTagStats('t')).boundTo.length === 1,
      );
      const [busy] = (await queue.getTagStats('t')).boundTo;
      const [other, own] = ranOn.get('one') === busy ? ['two', 'one'] : ['one', 'two'];
      gates.get(other)!.open();
      await system.settled(queue.waitUntilFinished(job, 10_000));
      expect(ranOn.get('t')).toBe(ranOn.get(other));
      expect(await queue.getTagStats(own)).toMatchObject({ active: 1 });
      gates.get(own)!.open();
      await system.settled(Promise.all(held.map((each) => queue.waitUntilFinished(each, 10_000))));
    });
  });

  describe('delay', () => {
    it('a task runs once it is due, and enters its order then', async () => {
      const { queue, add, finished, runs, payloads } = await startStage(system);
      const from = system.nowMs();
      const later = await add('t', 'later', { delay: 1_800 });
      const sooner = await add('t', 'sooner', { delay: 900 });
      const now = await add('t', 'now');
      expect(await later.getState()).toBe('delayed');
      expect(await later.isDelayed()).toBe(true);
      expect((await queue.getQueueStats()).delayed).toBe(2);
      await finished(now, sooner, later);
      expect(payloads()).toEqual(['now', 'sooner', 'later']);
      expect(runs[1]!.startedAtMs - from).toBeGreaterThanOrEqual(898);
      expect(runs[2]!.startedAtMs - from).toBeGreaterThanOrEqual(1_798);
    });
  });
}

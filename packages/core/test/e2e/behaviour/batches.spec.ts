import { afterEach, describe, expect, it } from '@jest/globals';
import type { QueueModuleOptions } from '../../../src/index.js';
import { closeAll, startInstance, type TestInstance } from '../../support/calm.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

afterEach(closeAll);

const task = (identifyTag: string, payload: unknown = identifyTag) => ({
  type: 'note',
  identifyTag,
  payload,
});

/** One instance whose tasks with the payload 'hold' last until the gate opens. */
async function startHeld(options: QueueModuleOptions) {
  const recorder = new Recorder();
  const held = gate();
  const instance: TestInstance = await startInstance({ name: uniqueName(), ...options }, (workers) => {
    workers.registerHandler(
      'note',
      recorder.handler((payload) => (payload === 'hold' ? held.promise : undefined)),
    );
  });
  return { ...instance, recorder, open: held.open };
}

describe('batch bound', () => {
  it.each([1, 3])(
    'a batch has at most maxBatchSize (%i) tasks, also when the tag has more',
    async (maxBatchSize) => {
      const { queue, recorder } = await startHeld({ workerOptions: { maxBatchSize } });
      const jobs = await queue.addBulk(upTo(10).map((n) => task('t', n)));
      await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
      expect(recorder.payloads()).toEqual(upTo(10));
      expect(recorder.batches.length).toBeGreaterThanOrEqual(Math.ceil(10 / maxBatchSize));
      for (const batch of recorder.batches) expect(batch.length).toBeLessThanOrEqual(maxBatchSize);
    },
  );
});

describe('top-up', () => {
  it('tasks that come while their tag runs join its batch, ahead of a tag that waits', async () => {
    const { queue, recorder, open } = await startHeld({ workerOptions: { maxBatchSize: 5 } });
    await queue.add(task('t', 'hold'));
    await until('the first runs', () => recorder.runs.length === 1);
    const other = await queue.add(task('other'));
    const later = await queue.addBulk([task('t', 1), task('t', 2)]);
    await until('they are dispatched', async () => (await queue.getWorkers())[0]?.currentBatchSize === 3);
    const more = await queue.add(task('t', 3));
    await until('that one too', async () => (await queue.getWorkers())[0]?.currentBatchSize === 4);
    open();
    await Promise.all([other, ...later, more].map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads()).toEqual(['hold', 1, 2, 3, 'other']);
    expect(recorder.batches.map((batch) => batch.length)).toEqual([4, 1]);
    expect(recorder.ofTag('t').map(({ batchPosition }) => batchPosition)).toEqual([1, 2, 3, 4]);
  });

  it('fills a batch up to its limit and no further', async () => {
    const { queue, recorder, open } = await startHeld({ workerOptions: { maxBatchSize: 4 } });
    await queue.add(task('t', 'hold'));
    await until('the first runs', () => recorder.runs.length === 1);
    const jobs = await queue.addBulk([...upTo(9).map((n) => task('t', n)), task('other')]);
    await until('the batch is full', async () => (await queue.getWorkers())[0]?.currentBatchSize === 4);
    open();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.batches.map((batch) => batch.map(({ payload }) => payload))).toEqual([
      ['hold', 0, 1, 2],
      ['other'],
      [3, 4, 5, 6],
      [7, 8],
    ]);
  });
});

describe('round robin', () => {
  it('one tag of 5,000 tasks lets each of 50 tags of one start within one rotation', async () => {
    const { queue, recorder, open } = await startHeld({ workerOptions: { maxBatchSize: 10 } });
    await queue.add(task('warm-up', 'hold'));
    await until('the worker is busy', () => recorder.runs.length === 1);
    await queue.addBulk(upTo(5_000).map((n) => task('big', n)));
    await until('all are indexed', async () => (await queue.getTagStats('big')).waiting === 5_000);
    const small = await queue.addBulk(upTo(50).map((n) => task(`small-${n}`)));
    await until('all tags are ready', async () => {
      const { tagsWaiting, tagsBound } = await queue.getQueueStats();
      return tagsWaiting + tagsBound === 52;
    });
    open();
    await Promise.all(small.map((job) => queue.waitUntilFinished(job, 10_000)));
    // One rotation: since the small ones were ready, the big one had its turn once.
    const lastSmall = recorder.runs.findLastIndex(({ identifyTag }) => identifyTag.startsWith('small-'));
    const before = recorder.runs.slice(0, lastSmall).filter(({ identifyTag }) => identifyTag === 'big');
    expect(before).toHaveLength(10);
  });

  it('tags that become ready in the middle of a large one start within one rotation too', async () => {
    const recorder = new Recorder();
    const name = uniqueName();
    const { queue } = await startInstance(
      { name, workerOptions: { maxBatchSize: 10, workerCount: 2 } },
      (workers) => {
        workers.registerHandler(
          'note',
          recorder.handler(() => new Promise((resolve) => setImmediate(resolve))),
        );
      },
    );
    await queue.addBulk([
      ...upTo(5_000).map((n) => task('big', n)),
      ...upTo(2_000).map((n) => task('large', n)),
    ]);
    await until('the large ones run', () => recorder.batches.length >= 4);
    const small = await queue.addBulk(upTo(50).map((n) => task(`small-${n}`)));
    await until('all are ready, or have run', async () => {
      const { waiting } = await queue.getTagStats('small-49');
      return waiting === 1 || recorder.ofTag('small-49').length === 1;
    });
    const from = recorder.runs.length;
    await Promise.all(small.map((job) => queue.waitUntilFinished(job, 10_000)));
    const lastSmall = recorder.runs.findLastIndex(({ identifyTag }) => identifyTag.startsWith('small-'));
    for (const tag of ['big', 'large']) {
      // The batch that it had when the small ones came, or its one turn after that; a start can lie a little behind its bind.
      const tokens = new Set(
        recorder.runs
          .slice(from, lastSmall)
          .flatMap((run) => (run.identifyTag === tag ? [run.fencingToken] : [])),
      );
      expect(tokens.size).toBeLessThanOrEqual(2);
    }
  });
});

describe('identifyTagConcurrency', () => {
  it('a number lets so many workers, of any instance, have one tag at once', async () => {
    const name = uniqueName();
    const recorder = new Recorder();
    const held = gate();
    const options = { name, workerOptions: { workerCount: 2 }, queueOptions: { identifyTagConcurrency: 3 } };
    const register = (instance: TestInstance['workers']): void => {
      instance.registerHandler(
        'note',
        recorder.handler(() => held.promise),
      );
    };
    const [{ queue }] = await Promise.all([
      startInstance(options, register),
      startInstance(options, register),
    ]);
    // A batch has 10: three of them are on their way, and the fourth worker gets nothing.
    const jobs = await queue.addBulk(upTo(40).map((n) => task('t', n)));
    await until('three run', () => recorder.runs.length === 3);
    await until('the rest waits', async () => (await queue.getTagStats('t')).waiting === 37);
    expect(await queue.getTagStats('t')).toMatchObject({ active: 3 });
    expect((await queue.getTagStats('t')).boundTo).toHaveLength(3);
    expect(new Set(recorder.runs.map(({ workerId }) => workerId)).size).toBe(3);
    expect(await queue.getQueueStats()).toMatchObject({ workersIdle: 1, workersRunning: 3, tagsBound: 1 });
    held.open();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads().sort((a, b) => a - b)).toEqual(upTo(40));
  });

  it('is given per tag, with a default for all others', async () => {
    const recorder = new Recorder();
    const held = gate();
    const identifyTagConcurrency = JSON.parse('{"default":1,"wide":2,"__proto__":2}');
    const { queue } = await startInstance(
      {
        name: uniqueName(),
        workerOptions: { workerCount: 6, maxBatchSize: 1 },
        queueOptions: { identifyTagConcurrency },
      },
      (workers) => {
        workers.registerHandler(
          'note',
          recorder.handler(() => held.promise),
        );
      },
    );
    const tags = ['wide', '__proto__', 'other'];
    const jobs = await queue.addBulk(tags.flatMap((tag) => upTo(3).map((n) => task(tag, n))));
    await until('five run', () => recorder.runs.length === 5);
    await until('all are indexed', async () => (await queue.getQueueStats()).tagsWaiting === 0);
    expect(tags.map((tag) => recorder.ofTag(tag).length)).toEqual([2, 2, 1]);
    held.open();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance, type TestInstance } from '../../support/calm.js';
import { Recorder, tally, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('affinity', () => {
  it('3 instances run 20 tags of 30 tasks: shared fairly, in order, never two of a tag at once, in bounded batches', async () => {
    const name = uniqueName();
    const recorder = new Recorder();
    const start = (instance: string): Promise<TestInstance> =>
      startInstance({ name, workerOptions: { maxBatchSize: 7, workerCount: 2 } }, (workers) => {
        // Long enough for the runs of two workers to overlap in time.
        workers.registerHandler(
          'note',
          recorder.handler(() => pause(1), instance),
        );
      });
    const [first] = await Promise.all([start('a'), start('b'), start('c')]);
    const { queue } = first;

    // Round by round, so that the tasks of a tag lie far apart in the pending queue.
    const tasks = upTo(30).flatMap((n) =>
      upTo(20).map((tag) => ({ type: 'note', identifyTag: `company-${tag}`, payload: n })),
    );
    const jobs = await queue.addBulk(tasks);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 20_000)));

    expect(recorder.runs).toHaveLength(600); // none lost
    expect(new Set(recorder.runs.map(({ jobId }) => jobId)).size).toBe(600); // none twice
    expect(recorder.tags).toHaveLength(20);
    for (const tag of recorder.tags) expect(recorder.payloads(tag)).toEqual(upTo(30));
    expect(recorder.overlaps).toEqual([]);

    const shares = tally(recorder.runs.map(({ instance }) => instance));
    for (const instance of ['a', 'b', 'c']) expect(shares[instance]).toBeGreaterThanOrEqual(120);

    for (const batch of recorder.batches) {
      expect(batch.length).toBeLessThanOrEqual(7);
      expect(new Set(batch.map(({ workerId, identifyTag }) => `${workerId} ${identifyTag}`)).size).toBe(1);
      expect(batch.map(({ batchPosition }) => batchPosition)).toEqual(upTo(batch.length).map((i) => i + 1));
    }
    expect(await queue.getQueueStats()).toEqual({
      waiting: 0,
      active: 0,
      delayed: 0,
      completed: 600,
      failed: 0,
      paused: false,
      tagsWaiting: 0,
      tagsBound: 0,
      workersIdle: 6,
      workersRunning: 0,
    });
  });

  it('a worker runs nothing of another tag until the batch is over', async () => {
    const recorder = new Recorder();
    const { queue } = await startInstance(
      { name: uniqueName(), workerOptions: { maxBatchSize: 5 } },
      (workers) => {
        workers.registerHandler('note', recorder.handler());
      },
    );
    await queue.pause();
    const jobs = await queue.addBulk(
      upTo(36).map((n) => ({ type: 'note', identifyTag: ['x', 'y', 'z'][n % 3]!, payload: n })),
    );
    await until('all are indexed', async () => (await queue.getTagStats('z')).waiting === 12);
    await queue.resume();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    // Runs of one tag follow each other: 5, 5 and the last 2 of each, in rotation.
    expect(recorder.batches.map((batch) => `${batch[0]!.identifyTag}${batch.length}`)).toEqual([
      'x5', 'y5', 'z5', 'x5', 'y5', 'z5', 'x2', 'y2', 'z2',
    ]); // prettier-ignore
    const changes = recorder.runs.filter((run, i) => run.fencingToken !== recorder.runs[i - 1]?.fencingToken);
    expect(changes).toHaveLength(9);
  });

  it('fencing tokens rise with every batch, whoever runs it', async () => {
    const name = uniqueName();
    const recorder = new Recorder();
    const start = (): Promise<TestInstance> =>
      startInstance({ name, workerOptions: { maxBatchSize: 2 } }, (workers) => {
        workers.registerHandler(
          'note',
          recorder.handler(() => pause(1)),
        );
      });
    const [first] = await Promise.all([start(), start()]);
    const jobs = await first.queue.addBulk(
      upTo(40).map((n) => ({ type: 'note', identifyTag: `t${n % 4}`, payload: n })),
    );
    await Promise.all(jobs.map((job) => first.queue.waitUntilFinished(job, 10_000)));
    expect(recorder.runs).toHaveLength(40);
    for (const tag of recorder.tags) {
      const tokens = recorder.ofTag(tag).map(({ fencingToken }) => fencingToken);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      expect(new Set(tokens).size).toBeGreaterThanOrEqual(5);
      for (const token of tokens) expect(Number.isSafeInteger(token)).toBe(true);
    }
  });
});

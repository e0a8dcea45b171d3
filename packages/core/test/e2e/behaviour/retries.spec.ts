import { afterEach, describe, expect, it } from '@jest/globals';
import type { QueueModuleOptions, TaskOptions } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

afterEach(closeAll);

interface Payload {
  readonly n: number;
  /** How many attempts fail. */
  readonly failures?: number;
}

/** One instance whose tasks fail as often as their payload says. */
async function startFailing(options: QueueModuleOptions = {}) {
  const recorder = new Recorder();
  const instance = await startInstance({ name: uniqueName(), ...options }, (workers) => {
    workers.registerHandler(
      'note',
      recorder.handler((payload: Payload, { attempt }) => {
        if (attempt <= (payload.failures ?? 0)) throw new Error(`attempt ${attempt} of ${payload.n}`);
        return payload.n;
      }),
    );
  });
  const numbers = (tag?: string): number[] => recorder.payloads(tag).map(({ n }: Payload) => n);
  return { ...instance, recorder, numbers };
}

const note = (identifyTag: string, n: number, failures = 0, options: TaskOptions = {}) => ({
  type: 'note',
  identifyTag,
  payload: { n, failures },
  options,
});

describe('retry order "block"', () => {
  it('later tasks of the tag wait for the retry, in every batch layout', async () => {
    for (const maxBatchSize of [1, 4, 10]) {
      const { queue, numbers, recorder, close } = await startFailing({ workerOptions: { maxBatchSize } });
      const jobs = await queue.addBulk(
        upTo(10).map((n) => note('t', n, n === 1 || n === 6 ? 2 : 0, { backoff: 5 })),
      );
      await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
      expect(numbers()).toEqual([0, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 7, 8, 9]);
      expect(recorder.overlaps).toEqual([]);
      await close();
    }
  });

  it('tasks that come in during the back-off stay behind, and other tags go on', async () => {
    const { queue, numbers } = await startFailing();
    const failing = await queue.add(note('t', 0, 1), { backoff: 300 });
    const second = await queue.add(note('t', 1));
    await until('the tag is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    const third = await queue.add(note('t', 2));
    const other = await queue.add(note('other', 3));
    await queue.waitUntilFinished(other, 10_000);
    expect(numbers()).toEqual([0, 3]);
    expect(await failing.getState()).toBe('waiting');
    expect(await queue.getTagStats('t')).toMatchObject({ waiting: 3, active: 0, boundTo: [] });
    expect(await queue.getQueueStats()).toMatchObject({
      waiting: 3,
      delayed: 0,
      tagsWaiting: 1,
      tagsBound: 0,
    });
    await Promise.all([failing, second, third].map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(numbers('t')).toEqual([0, 0, 1, 2]);
    expect((await queue.getTagStats('t')).parkedUntil).toBeNull();
  });

  it('keeps order on 3 workers with many failing tags', async () => {
    const { queue, numbers, recorder } = await startFailing({
      workerOptions: { workerCount: 3, maxBatchSize: 4 },
    });
    const jobs = await queue.addBulk(
      upTo(120).map((i) => note(`t${i % 6}`, Math.floor(i / 6), i % 7 === 0 ? 2 : 0, { backoff: i % 3 })),
    );
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    for (const tag of recorder.tags) expect([...new Set(numbers(tag))]).toEqual(upTo(20));
    for (const tag of recorder.tags) expect(numbers(tag)).toEqual([...numbers(tag)].sort((a, b) => a - b));
    expect(recorder.overlaps).toEqual([]);
  });

  it('a task out of attempts fails, and the tag goes on', async () => {
    const { queue, numbers } = await startFailing();
    const doomed = await queue.add(note('t', 0, 9), { attempts: 2, backoff: 0 });
    const next = await queue.add(note('t', 1));
    await expect(queue.waitUntilFinished(doomed, 10_000)).rejects.toThrow('attempt 2 of 0');
    await queue.waitUntilFinished(next, 10_000);
    expect(numbers()).toEqual([0, 0, 1]);
    expect(await doomed.getState()).toBe('failed');
    expect(await queue.getQueueStats()).toMatchObject({ failed: 1, completed: 1 });
  });
});

describe('retry order "skip"', () => {
  it('later tasks go on; the failed one rejoins at the end of its tag', async () => {
    const { queue, numbers } = await startFailing();
    // Added together they are one batch, which nothing can join but at its end.
    const jobs = await queue.addBulk([
      note('t', 0, 1, { retryOrder: 'skip', backoff: 40 }),
      ...upTo(3).map((n) => note('t', n + 1)),
    ]);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(numbers()).toEqual([0, 1, 2, 3, 0]);
  });

  it('waits out its back-off as a delayed task and then goes behind what has come meanwhile', async () => {
    const recorder = new Recorder();
    const held = gate();
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler(
        'note',
        recorder.handler((payload, { attempt }) => {
          if (payload === 'fails' && attempt === 1) throw new Error('once');
          return payload === 'hold' ? held.promise : undefined;
        }),
      );
    });
    const add = (payload: string, options?: TaskOptions) =>
      queue.add({ type: 'note', identifyTag: 't', payload }, options);
    // How long it is does not matter here, only that it is over when the test says so.
    const failing = await add('fails', { retryOrder: 'skip', backoff: 3_600_000 });
    await add('hold');
    await until('it is delayed', async () => (await failing.getState()) === 'delayed');
    expect(await queue.getQueueStats()).toMatchObject({ delayed: 1 });
    await add('before it is due');
    await failing.changeDelay(0);
    await until('it has rejoined', async () => (await failing.getState()) === 'waiting');
    const last = await add('after it was due');
    held.open();
    await queue.waitUntilFinished(last, 10_000);
    expect(recorder.payloads()).toEqual(['fails', 'hold', 'before it is due', 'fails', 'after it was due']);
  });

  it('without a back-off it rejoins at once, at the end', async () => {
    const { queue, numbers } = await startFailing();
    await queue.pause();
    const jobs = await queue.addBulk([
      note('t', 0, 2, { retryOrder: 'skip', backoff: 0 }),
      ...upTo(3).map((n) => note('t', n + 1)),
    ]);
    await queue.resume();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(numbers()).toEqual([0, 1, 2, 3, 0, 0]);
  });

  it('is the default where queueOptions.defaultTaskOptions says so', async () => {
    const { queue, numbers } = await startFailing({
      queueOptions: { defaultTaskOptions: { retryOrder: 'skip', backoff: 20, attempts: 2 } },
    });
    const jobs = await queue.addBulk([note('t', 0, 1), note('t', 1)]);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(numbers()).toEqual([0, 1, 0]);
  });
});

describe('back-off', () => {
  const starts = (recorder: Recorder): number[] => recorder.runs.map(({ startedAt }) => startedAt);
  const gaps = (recorder: Recorder): number[] =>
    starts(recorder).slice(1).map((start, i) => start - recorder.runs[i]!.endedAt!); // prettier-ignore

  it.each(['block', 'skip'] as const)('a fixed one lasts as long as it says (%s)', async (retryOrder) => {
    const { queue, recorder } = await startFailing();
    const job = await queue.add(note('t', 0, 2), { retryOrder, backoff: 80 });
    await queue.waitUntilFinished(job, 10_000);
    expect(recorder.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    for (const gap of gaps(recorder)) {
      expect(gap).toBeGreaterThanOrEqual(78); // both clocks round to a millisecond
      expect(gap).toBeLessThan(700); // woken when due, not by the next schedulerInterval
    }
  });

  it('an exponential one doubles', async () => {
    const { queue, recorder } = await startFailing();
    const job = await queue.add(note('t', 0, 3), {
      attempts: 4,
      backoff: { type: 'exponential', delay: 30 },
    });
    await queue.waitUntilFinished(job, 10_000);
    const [first = 0, second = 0, third = 0] = gaps(recorder);
    expect(first).toBeGreaterThanOrEqual(28);
    expect(second).toBeGreaterThanOrEqual(58);
    expect(third).toBeGreaterThanOrEqual(118);
    expect(first + second + third).toBeLessThan(2_000);
  });

  it('jitter shortens it at most by its share', async () => {
    const { queue, recorder } = await startFailing();
    const job = await queue.add(note('t', 0, 2), { backoff: { type: 'fixed', delay: 100, jitter: 0.5 } });
    await queue.waitUntilFinished(job, 10_000);
    for (const gap of gaps(recorder)) expect(gap).toBeGreaterThanOrEqual(48);
  });

  it('events and the job tell of every attempt', async () => {
    const { queue } = await startFailing();
    const job = await queue.add(note('t', 0, 2), { backoff: 1 });
    await queue.waitUntilFinished(job, 10_000);
    const stored = (await queue.getJob(job.id!))!;
    expect(stored.attemptsMade).toBe(3);
    expect(stored.attemptsStarted).toBe(3);
    expect(stored.stacktrace).toHaveLength(2);
    expect(stored.stacktrace![0]).toContain('attempt 1 of 0');
  });
});

it('what is kept of failures does not grow with their texts, nor with the number of attempts', async () => {
  const attempts = 13;
  const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
    workers.registerHandler('note', (_payload, { attempt }) => {
      throw new Error(`attempt ${attempt} ${'x'.repeat(1_000_000)}`);
    });
  });
  const job = await queue.add(note('t', 0), { attempts, backoff: 0 });
  await expect(queue.waitUntilFinished(job, 10_000)).rejects.toThrow(/^attempt 13 x+…$/);
  const { failedReason, stacktrace } = (await queue.getJob(job.id!))!;
  const stacks = stacktrace ?? [];
  expect(failedReason).toHaveLength(4_001);
  expect(stacks.map((stack) => /attempt (\d+)/.exec(stack)?.[1])).toEqual(upTo(10).map((n) => `${n + 4}`));
  for (const stack of stacks) expect(stack.length).toBeLessThan(8_100);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Job, type Queue } from 'bullmq';
import { startInstance } from '../../support/app.js';
import { testRedisUrl } from '../../support/redis.js';
import {
  Bench,
  closeBenches,
  idsOf,
  places,
  stageAllPlaces,
  waitingPlaces,
  type Placed,
} from './support/stage.js';

let bench: Bench;
let queue: Queue;
let placed: Placed;

beforeAll(async () => {
  bench = await Bench.start({ workerOptions: { workerCount: 1 } });
  queue = bench.queue;
  placed = await stageAllPlaces(bench);
});
afterAll(closeBenches);

const stateOf = {
  added: 'waiting',
  indexed: 'waiting',
  dispatched: 'waiting',
  lookedAhead: 'waiting',
  parked: 'waiting',
  running: 'active',
  delayed: 'delayed',
  completed: 'completed',
  failed: 'failed',
} as const;

/** Oldest first, as the tasks entered `wait`: a retried task keeps its place. */
const waitingIds = (): string[] =>
  idsOf([...placed.parked, ...placed.dispatched, ...placed.lookedAhead, ...placed.indexed, ...placed.added]);

describe.each(places)('a task that is %s', (place) => {
  it('has the state that BullMQ knows for it', async () => {
    for (const job of placed[place]) {
      expect(await bench.placeOf(job.id!)).toBe(place);
      expect(await job.getState()).toBe(stateOf[place]);
      expect(await queue.getJobState(job.id!)).toBe(stateOf[place]);
    }
  });

  it('answers every question about its state', async () => {
    const [job] = placed[place];
    const answers = {
      waiting: await job.isWaiting(),
      active: await job.isActive(),
      delayed: await job.isDelayed(),
      completed: await job.isCompleted(),
      failed: await job.isFailed(),
      'waiting-children': await job.isWaitingChildren(),
    };
    const expected = Object.fromEntries(
      Object.keys(answers).map((state) => [state, state === stateOf[place]]),
    );
    expect(answers).toEqual(expected);
  });

  it('can be read by its id', async () => {
    const [job] = placed[place];
    const read = await Job.fromId(queue, job.id!);
    expect(read).toMatchObject({ id: job.id, name: job.name, data: job.data });
    expect((await queue.getJob(job.id!))?.id).toBe(job.id);
  });
});

describe('counts', () => {
  it('by state', async () => {
    expect(await queue.getJobCounts()).toEqual({
      active: 1,
      completed: 2,
      delayed: 2,
      failed: 2,
      prioritized: 0,
      waiting: 10,
      'waiting-children': 0,
    });
    expect(await queue.getJobCounts('wait', 'active')).toEqual({ wait: 10, active: 1 });
    expect(await queue.getJobCountByTypes('waiting', 'delayed')).toBe(12);
    expect(await queue.count()).toBe(12);
  });

  it('one by one', async () => {
    expect({
      waiting: await queue.getWaitingCount(),
      active: await queue.getActiveCount(),
      delayed: await queue.getDelayedCount(),
      dueDelayed: await queue.getDelayedCount(Date.now()),
      completed: await queue.getCompletedCount(),
      failed: await queue.getFailedCount(),
      prioritized: await queue.getPrioritizedCount(),
      waitingChildren: await queue.getWaitingChildrenCount(),
      perPriority: await queue.getCountsPerPriority([0, 1]),
    }).toEqual({
      waiting: 10,
      active: 1,
      delayed: 2,
      dueDelayed: 0,
      completed: 2,
      failed: 2,
      prioritized: 0,
      waitingChildren: 0,
      perPriority: { 0: 10, 1: 0 },
    });
  });

  it('for Prometheus', async () => {
    const text = await queue.exportPrometheusMetrics();
    expect(text).toContain(`bullmq_job_count{queue="${queue.name}", state="waiting"} 10`);
    expect(text).toContain(`bullmq_job_count{queue="${queue.name}", state="active"} 1`);
  });
});

describe('lists of jobs', () => {
  it('have the waiting tasks in their order, either way', async () => {
    expect(idsOf(await queue.getWaiting())).toEqual(waitingIds());
    expect(idsOf(await queue.getJobs(['wait'], 0, -1, true))).toEqual(waitingIds());
    expect(idsOf(await queue.getJobs(['waiting'], 0, -1, false))).toEqual(waitingIds().reverse());
  });

  it.each([1, 3, 4, 10])('page through the waiting tasks, %d at a time', async (size) => {
    for (const asc of [true, false]) {
      const pages: string[][] = [];
      for (let start = 0; start < 12; start += size) {
        pages.push(idsOf(await queue.getJobs(['waiting'], start, start + size - 1, asc)));
      }
      expect(pages.flat()).toEqual(asc ? waitingIds() : waitingIds().reverse());
      expect(Math.max(...pages.map((page) => page.length))).toBe(size);
    }
  });

  it('have every other state', async () => {
    expect(idsOf(await queue.getActive())).toEqual([placed.running[0].id]);
    expect(idsOf(await queue.getDelayed())).toEqual(idsOf(placed.delayed));
    expect(idsOf(await queue.getCompleted())).toEqual(idsOf(placed.completed).reverse());
    expect(idsOf(await queue.getFailed())).toEqual(idsOf(placed.failed).reverse());
    expect(await queue.getWaitingChildren()).toEqual([]);
    expect(await queue.getPrioritized()).toEqual([]);
  });

  it('mix states as BullMQ does: one after the other', async () => {
    const ids = idsOf(await queue.getJobs(['active', 'waiting', 'delayed'], 0, -1, true));
    expect(ids).toEqual([placed.running[0].id, ...waitingIds(), ...idsOf(placed.delayed)]);
    expect(idsOf(await queue.getJobs()).sort()).toEqual(
      [
        ...waitingIds(),
        ...places.slice(6).flatMap((place) => idsOf(placed[place])),
        placed.running[0].id!,
      ].sort(),
    );
  });

  it('have the ids of a range', async () => {
    expect(await queue.getRanges(['wait'], 0, -1, true)).toEqual(waitingIds());
    expect(await queue.getRanges(['wait'], 0, -1, false)).toEqual(waitingIds().reverse());
    expect(await queue.getRanges(['waiting'], 2, 5, true)).toEqual(waitingIds().slice(2, 6));
    expect(await queue.getRanges(['active', 'wait', 'completed'], 0, 1, true)).toEqual([
      placed.running[0].id,
      ...waitingIds().slice(0, 2),
      ...idsOf(placed.completed),
    ]);
    expect(await queue.getRanges(['wait', 'waiting', 'delayed'], 0, -1, true)).toEqual([
      ...waitingIds(),
      ...idsOf(placed.delayed),
    ]);
  });

  it('serve a dashboard: counts, a page, and every job as JSON', async () => {
    const states = ['active', 'waiting', 'completed', 'failed', 'delayed'] as const;
    const counts = await queue.getJobCounts(...states);
    for (const state of states) {
      const jobs = await queue.getJobs([state], 0, 9);
      expect(jobs).toHaveLength(counts[state]!);
      for (const job of jobs) {
        expect(JSON.parse(JSON.stringify(job))).toMatchObject({ id: job.id, name: job.name, data: job.data });
        expect(job.asJSON()).toMatchObject({ id: job.id, name: job.name, data: JSON.stringify(job.data) });
      }
    }
  });
});

describe('fields of a job', () => {
  it('of each place', async () => {
    const read = async (job: Job) => {
      const { attemptsMade, attemptsStarted, stalledCounter, processedBy, failedReason, returnvalue } =
        (await Job.fromId(queue, job.id!))!;
      return { attemptsMade, attemptsStarted, stalledCounter, processedBy, failedReason, returnvalue };
    };
    const [workerId] = bench.workerIds;
    const fresh = { attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0, returnvalue: null };
    for (const place of waitingPlaces.filter((name) => name !== 'parked')) {
      expect(await read(placed[place][0])).toEqual(fresh);
    }
    expect(await read(placed.delayed[0])).toEqual(fresh);
    expect(await read(placed.parked[0])).toEqual({
      ...fresh,
      attemptsMade: 1,
      attemptsStarted: 1,
      processedBy: workerId,
      failedReason: 'again',
    });
    expect(await read(placed.running[0])).toEqual({ ...fresh, attemptsStarted: 1, processedBy: workerId });
    expect(await read(placed.completed[1])).toEqual({
      ...fresh,
      attemptsMade: 1,
      attemptsStarted: 1,
      processedBy: workerId,
      returnvalue: 2,
    });
    expect(await read(placed.failed[1])).toEqual({
      ...fresh,
      attemptsMade: 1,
      attemptsStarted: 1,
      processedBy: workerId,
      failedReason: 'second',
    });
  });
});

describe('what there is beside jobs', () => {
  it('has the registered workers', async () => {
    expect(await queue.getWorkersCount()).toBe(1);
    const [worker] = await queue.getWorkers();
    expect(worker).toMatchObject({ name: queue.name, id: bench.workerIds[0] });
    expect(worker!.rawname).toMatch(new RegExp(`:w:${bench.workerIds[0]}$`));
  });

  it('has the registered workers also where CLIENT LIST is forbidden', async () => {
    const user = `u${bench.name.replaceAll('-', '')}`;
    const { redis } = bench;
    await redis.call('ACL', 'SETUSER', user, 'on', 'nopass', '~*', '&*', '+@all', '-client|list');
    const { hostname, port } = new URL(testRedisUrl());
    const instance = await startInstance({
      name: bench.name,
      role: 'PRODUCER',
      redisOptions: { host: hostname, port: Number(port), username: user, password: 'any' },
    });
    try {
      expect(await instance.queue.queue.getWorkersCount()).toBe(1);
    } finally {
      await instance.close();
      await redis.call('ACL', 'DELUSER', user);
    }
  });

  it('has the settings', async () => {
    expect(await queue.isPaused()).toBe(false);
    expect(await queue.isMaxed()).toBe(false);
    expect(await queue.getVersion()).toMatch(/^bullmq:6\./);
    expect(await queue.getMeta()).toMatchObject({ paused: false, maxLenEvents: 10_000 });
    expect(await queue.getMetrics('completed')).toMatchObject({ meta: { count: 0 } });
  });
});

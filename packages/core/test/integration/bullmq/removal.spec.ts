import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { ErrorCode } from '../../../src/index.js';
import { until } from '../../support/until.js';
import {
  Bench,
  closeBenches,
  idsOf,
  stageAllPlaces,
  waitingPlaces,
  type Place,
  type Placed,
} from './support/stage.js';

const hourMs = 3_600_000;
let bench: Bench;
let queue: Queue;
let placed: Placed;

async function stage(): Promise<void> {
  bench = await Bench.start({ workerOptions: { workerCount: 1 } });
  queue = bench.queue;
  placed = await stageAllPlaces(bench);
}

/** Everything that is left in the lists, hashes and sets about these ids, whatever they are called. */
async function traces(ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const keys = [
    ...(await bench.redis.keys(bench.key('*'))),
    ...(await bench.redis.keys(bench.workerKey('*', '*'))),
  ];
  for (const key of keys) {
    if (key === bench.key('events')) continue;
    for (const id of ids) {
      if (key === bench.key(id) || key.startsWith(`${bench.key(id)}:`)) found.push(key);
      const type = await bench.redis.type(key);
      if (type === 'list' && (await bench.redis.lpos(key, id)) !== null) found.push(`${id} in ${key}`);
      if (type === 'zset' && (await bench.redis.zscore(key, id)) !== null) found.push(`${id} in ${key}`);
    }
  }
  return found;
}

/** The tags that the tasks of these places have; the running task keeps its tag bound. */
const readyTags = (): Promise<string[]> => bench.redis.lrange(bench.key('aff:ring'), 0, -1);

afterEach(closeBenches);

describe('remove', () => {
  beforeEach(stage);

  it.each([...waitingPlaces, 'delayed', 'completed', 'failed'] as const)(
    'takes a task that is %s away',
    async (place) => {
      const [one, other] = placed[place];
      expect(await queue.remove(one.id!)).toBe(1);
      expect(await traces([one.id!])).toEqual([]);
      expect(await one.getState()).toBe('unknown');
      expect(await bench.events('removed')).toEqual([
        expect.objectContaining({
          jobId: one.id,
          prev: (waitingPlaces as readonly string[]).includes(place) ? 'wait' : place,
        }),
      ]);

      const gone: string[] = [];
      queue.on('removed', (job) => gone.push((job as unknown as { id: string }).id));
      await other.remove();
      expect(await traces([other.id!])).toEqual([]);
      expect(gone).toEqual([other.id]);
    },
  );

  it('refuses a running task', async () => {
    const [running] = placed.running;
    expect(await queue.remove(running.id!)).toBe(0);
    await expect(running.remove()).rejects.toThrow('could not be removed because it is locked');
    expect(await running.getState()).toBe('active');
    await bench.holds.end(running.id!, { result: 'done' });
    await bench.untilAt('completed', running);
  });

  it('lets the others go on in their order', async () => {
    for (const place of waitingPlaces) await queue.remove(placed[place][0].id!);
    expect(await queue.getWaitingCount()).toBe(5);
    bench.instance.scheduler.start();
    await bench.holds.end(placed.running[0].id!);
    await bench.holds.end(placed.dispatched[1].id!);
    for (const place of waitingPlaces) await bench.untilAt('completed', placed[place][1]);
    expect(await readyTags()).toEqual([]);
  });

  it('is no ground to run a task twice that is added again under its id', async () => {
    const runs: string[] = [];
    bench.instance.workers.registerHandler('note', (payload: string) => runs.push(payload));
    bench.instance.scheduler.start();
    const add = (payload: string) => bench.add('note', 'indexed', payload, { jobId: 'mine' });
    const job = await add('first');
    await bench.untilAt('indexed', job);
    // As another BullMQ producer does it, who knows nothing of tags.
    await bench.redis.del(bench.key('mine'));
    await add('second');
    await bench.holds.end(placed.running[0].id!);
    for (const task of placed.dispatched) await bench.holds.end(task.id!);
    await bench.untilAt('completed', job);
    await until('all are done', async () => (await queue.getWaitingCount()) === 2);
    expect(runs).toEqual(['second']);
  });

  it('does not know an id', async () => {
    expect(await queue.remove('nobody')).toBe(1); // BullMQ's answer
    expect(await bench.service.remove('nobody')).toBe(false);
    expect(await queue.getWaitingCount()).toBe(10);
  });
});

describe('drain', () => {
  beforeEach(stage);

  it('removes all that wait, and nothing else', async () => {
    await queue.drain();
    const waiting = waitingPlaces.flatMap((place) => idsOf(placed[place]));
    expect(await traces(waiting)).toEqual([]);
    expect(await queue.getJobCounts()).toMatchObject({
      waiting: 0,
      active: 1,
      delayed: 2,
      completed: 2,
      failed: 2,
    });
    expect(await readyTags()).toEqual([]);
  });

  it('removes delayed tasks on request', async () => {
    await queue.drain(true);
    expect(await queue.getJobCounts()).toMatchObject({
      waiting: 0,
      active: 1,
      delayed: 0,
      completed: 2,
      failed: 2,
    });
  });

  it('keeps the queue usable', async () => {
    await queue.drain();
    bench.instance.scheduler.start();
    await bench.holds.end(placed.running[0].id!);
    for (const tag of ['indexed', 'parked', 'busy', 'lookedAhead']) {
      await bench.untilAt('completed', await bench.add('echo', tag));
    }
  });
});

describe('drain of many', () => {
  it('takes more than a window at once, and leaves the iteration of a job scheduler', async () => {
    bench = await Bench.start({ role: 'SCHEDULER' });
    const tasks = Array.from({ length: 450 }, (_, n) => ({
      type: 'echo',
      identifyTag: `tag-${n % 7}`,
      payload: n,
    }));
    await bench.service.addBulk(tasks);
    const template = { name: 'echo', data: { identifyTag: 'scheduled', type: 'echo', payload: 0 } };
    const iteration = await bench.queue.upsertJobScheduler('every', { every: hourMs }, template);
    await bench.untilAt('indexed', iteration);
    await bench.queue.drain();
    expect(idsOf(await bench.queue.getWaiting())).toEqual([iteration.id]);
    expect(await bench.redis.keys(bench.key('aff:tag:*'))).toHaveLength(1);
  });
});

describe('clean', () => {
  beforeEach(stage);

  it.each(['wait', 'waiting'] as const)('removes what waits, under the name "%s"', async (type) => {
    const cleaned: [string[], string][] = [];
    queue.on('cleaned', (ids, state) => cleaned.push([ids, state]));
    const removed = await queue.clean(0, 1_000, type);
    const expected = idsOf([
      ...placed.parked,
      ...placed.dispatched,
      ...placed.lookedAhead,
      ...placed.indexed,
      ...placed.added,
    ]);
    expect([...removed].sort()).toEqual([...expected].sort());
    expect(cleaned).toEqual([[removed, 'wait']]);
    expect(await traces(expected)).toEqual([]);
    expect(await queue.getWaitingCount()).toBe(0);
    expect(await readyTags()).toEqual([]);
    const counts = (await bench.events('cleaned')).map(({ count }) => Number(count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it('begins with the oldest and keeps to the limit', async () => {
    expect(await queue.clean(0, 3, 'wait')).toEqual(idsOf([...placed.parked, placed.dispatched[0]]));
    expect(await queue.clean(0, 6, 'wait')).toEqual(
      idsOf([placed.dispatched[1], ...placed.lookedAhead, ...placed.indexed, placed.added[0]]),
    );
    expect(idsOf(await queue.getWaiting())).toEqual([placed.added[1].id]);
  });

  it('spares what is younger than the grace', async () => {
    const old = async (...ids: string[]) => {
      for (const id of ids) await bench.redis.hset(bench.key(id), 'timestamp', Date.now() - hourMs);
    };
    const some = [placed.indexed[1], placed.lookedAhead[0], placed.added[0]];
    await old(...idsOf(some));
    expect((await queue.clean(hourMs / 2, 0, 'wait')).sort()).toEqual(idsOf(some).sort());
    expect(await queue.getWaitingCount()).toBe(7);
  });

  it.each(['completed', 'failed', 'delayed'] as const)('removes what is %s', async (state) => {
    expect(await queue.clean(hourMs / 2, 10, state)).toEqual([]);
    expect(await queue.clean(0, 1, state)).toHaveLength(1);
    expect(await queue.clean(0, 10, state)).toHaveLength(1);
    expect(await queue.getJobCountByTypes(state)).toBe(0);
    expect(await traces(idsOf(placed[state]))).toEqual([]);
  });

  it('does not touch what runs', async () => {
    expect(await queue.clean(0, 10, 'active')).toEqual([]);
    expect(await placed.running[0].getState()).toBe('active');
  });
});

describe('obliterate', () => {
  beforeEach(stage);

  it('needs an end of what runs, or force', async () => {
    await expect(queue.obliterate()).rejects.toThrow('Cannot obliterate queue with active jobs');
    expect(await queue.isPaused()).toBe(true);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 10, active: 1 });
    await queue.resume();
  });

  it('takes everything away once nothing runs', async () => {
    await queue.pause();
    await bench.holds.end(placed.running[0].id!);
    await bench.untilAt('completed', placed.running[0]);
    await queue.obliterate({ count: 3 });
    await expectNothingLeft();
    await expectUsable();
  });

  it('takes what runs with it when forced; its result finds no task', async () => {
    await queue.obliterate({ force: true });
    await expectNothingLeft();
    await bench.holds.end(placed.running[0].id!);
    await expectUsable();
    expect(await placed.running[0].getState()).toBe('unknown');
  });

  it('removes job schedulers and their iterations, wherever they are', async () => {
    const template = { name: 'echo', data: { identifyTag: 'indexed', type: 'echo', payload: 0 } };
    bench.instance.scheduler.start();
    const iteration = await queue.upsertJobScheduler('every', { every: hourMs }, template);
    await bench.untilAt('indexed', iteration);
    await queue.obliterate({ force: true });
    expect(await queue.getJobSchedulersCount()).toBe(0);
    expect(await traces([iteration.id!])).toEqual([]);
  });

  async function expectNothingLeft(): Promise<void> {
    const jobs = Object.values(placed).flat();
    expect((await traces(idsOf(jobs))).filter((trace) => !trace.endsWith(':lock'))).toEqual([]);
    expect(await queue.getJobCounts()).toEqual({
      active: 0,
      completed: 0,
      delayed: 0,
      failed: 0,
      prioritized: 0,
      waiting: 0,
      'waiting-children': 0,
    });
  }

  async function expectUsable(): Promise<void> {
    bench.instance.scheduler.start();
    for (const tag of ['indexed', 'parked', 'busy', 'lookedAhead']) {
      await bench.untilAt('completed', await bench.add('echo', tag));
    }
  }
});

describe('what BullMQ offers and affinity forbids', () => {
  beforeEach(stage);

  it('is refused with a reason', async () => {
    const refused = expect.objectContaining({ code: ErrorCode.UnsupportedOperation });
    await expect(queue.removeOrphanedJobs()).rejects.toEqual(refused);
    for (const place of ['added', 'indexed', 'dispatched', 'lookedAhead', 'delayed'] satisfies Place[]) {
      await expect(placed[place][0].changePriority({ priority: 1 })).rejects.toEqual(refused);
      await expect(placed[place][0].changePriority({ lifo: true })).rejects.toEqual(refused);
    }
    await expect(queue.getBackend().moveToActive('token')).rejects.toEqual(refused);
    await expect(queue.getBackend().moveStalledJobsToWait()).rejects.toEqual(refused);
    expect(await queue.getWaitingCount()).toBe(10);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Redis } from 'ioredis';
import {
  ElectionService,
  QueueModule,
  QueueService,
  WorkerService,
  type QueueOptions,
} from '../../../src/index.js';
import { connect, uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
beforeEach(() => log.clear());
afterEach(closeApps);
afterAll(() => redis.disconnect());

const start = (queueOptions: QueueOptions): Promise<INestApplicationContext> =>
  startApp([QueueModule.forRoot(rootOptions('', { queueOptions, workerOptions: { maxBatchSize: 3 } }))]);

/** Names of which one begins with the other: `q` and `q-b`. */
const names = (
  q: string,
): Required<Pick<QueueOptions, 'pendingQueueName' | 'workerQueuePrefix' | 'workerStatePrefix'>> => ({
  pendingQueueName: q,
  workerQueuePrefix: q,
  workerStatePrefix: `${q}-state`,
});

describe('two applications on one Redis', () => {
  it('with prefixes q and q-b run each its own tasks, under leaders of their own', async () => {
    const q = uniqueName();
    const apps = { q: await start(names(q)), b: await start(names(`${q}-b`)) };
    const ran: string[] = [];
    const jobs: Promise<unknown>[] = [];
    for (const [own, app] of Object.entries(apps)) {
      app.get(WorkerService).registerHandler('note', (payload: string) => void ran.push(`${own}:${payload}`));
      const queue = app.get(QueueService);
      for (let n = 0; n < 20; n += 1) {
        // The same tags and the same ids in both.
        const task = { type: 'note', identifyTag: `tag-${n % 4}`, payload: `${own}-${n}` };
        jobs.push(
          queue.add(task, { jobId: `same-${n}` }).then((job) => queue.waitUntilFinished(job, 15_000)),
        );
      }
    }
    await Promise.all(jobs);
    expect(ran).toHaveLength(40);
    for (const entry of ran) expect(entry).toMatch(/^(q|b):\1-\d+$/);
    const leaders = Object.values(apps).map((app) => app.get(ElectionService));
    expect(leaders.map((leader) => leader.isLeader())).toEqual([true, true]);
    expect(await redis.get(`scheduler:${q}:election:lock`)).toContain(leaders[0]!.nodeId);
    expect(await redis.get(`scheduler:${q}-b:election:lock`)).toContain(leaders[1]!.nodeId);
    for (const app of Object.values(apps)) {
      expect(await app.get(QueueService).getQueueStats()).toMatchObject({ completed: 20, waiting: 0 });
      expect(await app.get(QueueService).getWorkers()).toHaveLength(1);
    }
  });

  it('recover only what is their own, although one’s keys match the other’s pattern', async () => {
    const q = uniqueName();
    const other = await start(names(`${q}-b`));
    const began = gate();
    const release = gate();
    const ran: number[] = [];
    other.get(WorkerService).registerHandler('note', async (payload: number) => {
      ran.push(payload);
      began.open();
      await release.promise;
    });
    const queue = other.get(QueueService);
    const jobs = await queue.addBulk(
      [0, 1, 2, 3, 4].map((n) => ({ type: 'note', identifyTag: 'tag', payload: n })),
    );
    await began.promise;
    // A live worker of q-b with a batch, and an orphan of a third application, which no leader of this test may touch.
    const worker = `bull:${q}-b-${other.get(ElectionService).nodeId}-1`;
    const orphan = `bull:${q}-b-crashed-1`;
    await redis.hset(`${orphan}:meta`, {
      queue: `bull:${q}-c:`,
      node: 'crashed',
      state: `${q}-b-state:crashed-1`,
      marker: 'm',
    });
    await redis.rpush(`${orphan}:wait`, 'some-id');
    // And many of q itself: its leader has seen all keys, in whatever order, when it has found all of these.
    const mine = Array.from({ length: 25 }, (_, n) => `bull:${q}-crashed-${n}`);
    for (const [n, key] of mine.entries()) {
      await redis.hset(`${key}:meta`, {
        queue: `bull:${q}:`,
        node: 'x',
        state: `${q}-state:crashed-${n}`,
        marker: 'm',
      });
    }
    const before = await Promise.all([
      redis.hgetall(`${worker}:meta`),
      redis.lrange(`${worker}:wait`, 0, -1),
    ]);

    await start(names(q));
    const metas = mine.map((key) => `${key}:meta`);
    await until(
      'the leader of q has cleared its own orphans',
      async () => (await redis.exists(...metas)) === 0,
    );
    const after = await Promise.all([redis.hgetall(`${worker}:meta`), redis.lrange(`${worker}:wait`, 0, -1)]);
    expect(after).toEqual(before);
    expect(await redis.lrange(`${orphan}:wait`, 0, -1)).toEqual(['some-id']);
    expect(log.texts('WARN').filter((text) => text.includes(`${q}-b`))).toEqual([]);
    release.open();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(ran).toEqual([0, 1, 2, 3, 4]);
    await redis.del(`${orphan}:meta`, `${orphan}:wait`);
  });

  it('that share a worker prefix by mistake are kept apart by the stamp of their workers', async () => {
    const q = uniqueName();
    const shared = { workerQueuePrefix: q, workerStatePrefix: `${q}-state` };
    const first = await start({ pendingQueueName: `${q}-1`, ...shared });
    const second = await start({ pendingQueueName: `${q}-2`, ...shared });
    const ran: string[] = [];
    const jobs: Promise<unknown>[] = [];
    for (const [own, app] of [
      ['first', first],
      ['second', second],
    ] as const) {
      app.get(WorkerService).registerHandler('note', (payload: string) => void ran.push(`${own}:${payload}`));
      const job = await app.get(QueueService).add({ type: 'note', identifyTag: 'tag', payload: own });
      jobs.push(app.get(QueueService).waitUntilFinished(job, 10_000));
    }
    await Promise.all(jobs);
    expect(ran.sort()).toEqual(['first:first', 'second:second']);
  });
});

describe('two instances of one application', () => {
  it('share the queue, one leader, and leave it to each other', async () => {
    const q = uniqueName();
    const first = await start(names(q));
    await until('the first leads', () => first.get(ElectionService).isLeader());
    const second = await start(names(q));
    await until('the second follows', () =>
      log.texts('LOG').some((text) => /not the scheduler leader/i.test(text)),
    );
    expect((await second.get(ElectionService).getLeader())?.nodeId).toBe(first.get(ElectionService).nodeId);
    expect(await second.get(QueueService).getWorkers()).toHaveLength(2);
    await first.close();
    await until('the second leads', () => second.get(ElectionService).isLeader());
    expect(await second.get(QueueService).getWorkers()).toHaveLength(1);
  });
});

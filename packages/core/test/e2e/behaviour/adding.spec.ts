import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { QueueEvents, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { InvalidTaskError, RedisRefusesWritesError, type QueueService } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { upTo } from '../../support/recorder.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';

afterEach(closeAll);

async function startProducer(redis = openRedis(), url = testRedisUrl()) {
  const name = uniqueName();
  const { queue, close } = await startInstance({ name, role: 'PRODUCER', redisOptions: { url } });
  const key = (suffix: string): string => `bull:${name}-pending:${suffix}`;
  return {
    redis,
    queue,
    close,
    /** The ids of the tasks of the tag 't', in their order: those that are indexed, and those that nobody has taken in. */
    waiting: async () =>
      (await Promise.all([key('aff:tag:t'), key('wait')].map((list) => redis.lrange(list, 0, '-1'))))
        .map((ids) => ids.reverse())
        .flat(),
    /** The ids of all indexed tasks, in their order. */
    indexed: () => redis.zrange(key('aff:seq'), 0, '-1'),
    isKept: async (id: string) => (await redis.exists(key(id))) === 1,
  };
}

/** A task that BullMQ's own scripts add. */
const deduplicated = (id: string) => task('t', id, { jobId: id, deduplication: { id } });
const plain = (id: string) => task('t', id, { jobId: id });

const idsOf = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id!);

describe('tasks are stored in the order of the calls that add them', () => {
  it('alone and in lists, whichever scripts add them', async () => {
    const { queue, waiting } = await startProducer();
    const one = (added: ReturnType<typeof task>) => queue.add(added, added.options).then((job) => [job]);
    const lists = await Promise.all([
      one(plain('a')),
      one(deduplicated('b')),
      one(plain('c')),
      queue.addBulk([...upTo(450).map((n) => plain(`d${n}`)), deduplicated('e'), plain('f')]),
      one(deduplicated('g')),
      one(task('t', 'an id of its own')),
      queue.addBulk([deduplicated('h'), deduplicated('i'), plain('j')]),
      one(plain('k')),
    ]);
    expect(await waiting()).toEqual(lists.flatMap(idsOf));
  });

  it('when one call is made while another is under way', async () => {
    const { queue, waiting } = await startProducer();
    const calls: Promise<unknown>[] = [];
    for (const n of upTo(60)) {
      calls.push(queue.addBulk(upTo(n % 7 === 0 ? 250 : 3).map((m) => plain(`${n}-${m}`))));
      if (n % 5 === 0) calls.push(queue.add(deduplicated(`${n}-x`), deduplicated(`${n}-x`).options));
      if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (n % 9 === 0) await calls[n];
    }
    await Promise.all(calls);
    const expected = upTo(60).flatMap((n) => [
      ...upTo(n % 7 === 0 ? 250 : 3).map((m) => `${n}-${m}`),
      ...(n % 5 === 0 ? [`${n}-x`] : []),
    ]);
    expect(await waiting()).toEqual(expected);
  });

  it('with payloads of 100 KB', async () => {
    const { queue, waiting } = await startProducer();
    const jobs = await queue.addBulk(upTo(30).map((n) => task('t', `${n}${'x'.repeat(100_000)}`)));
    expect(await waiting()).toEqual(idsOf(jobs));
    const last = await queue.getJob(jobs[29]!.id!);
    expect(last!.data).toEqual(jobs[29]!.data);
  });
});

describe('what adding returns', () => {
  it('is the job as it is stored', async () => {
    const { queue } = await startProducer();
    const options = {
      jobId: 'own',
      attempts: 5,
      backoff: 70,
      retryOrder: 'skip',
      removeOnComplete: true,
    } as const;
    const jobs = [
      await queue.add(task('t', { n: 1 })),
      await queue.add(task('t', 'of its own'), options),
      await queue.add(task('t', 'later'), { delay: 60_000 }),
      ...(await queue.addBulk([task('公 🎉', null), task('t', 2, { attempts: 1 })])),
    ];
    for (const job of jobs) {
      const stored = (await queue.getJob(job.id!))!;
      for (const field of ['id', 'name', 'data', 'opts', 'timestamp', 'queueQualifiedName'] as const) {
        expect({ [field]: stored[field] }).toEqual({ [field]: job[field] });
      }
    }
    expect(jobs[1]!.opts).toMatchObject({ ...options, backoff: { type: 'fixed', delay: 70 } });
    expect(jobs[0]!.opts).not.toHaveProperty('jobId'); // nobody chose it
    expect(await Promise.all(jobs.map((job) => job.getState()))).toEqual([
      ...['waiting', 'waiting', 'delayed', 'waiting', 'waiting'],
    ]);
  });

  it('is a job of BullMQ that can be waited for, changed and removed', async () => {
    const { queue } = await startStage();
    const events = new QueueEvents(queue.queue.name, { connection: { url: testRedisUrl() } });
    await events.waitUntilReady();
    const [job] = (await queue.addBulk([task('t', 'result')])) as [Job];
    expect(await job.waitUntilFinished(events, 5_000)).toBe('result');
    await queue.pause();
    const removed = await queue.add(task('t'));
    expect(await removed.isWaiting()).toBe(true);
    await removed.updateProgress(50);
    expect((await queue.getJob(removed.id!))!.progress).toBe(50);
    await removed.remove();
    expect(await queue.getJob(removed.id!)).toBeUndefined();
    await events.close();
  });

  it('is told to listeners of the BullMQ queue, as BullMQ does', async () => {
    const { queue } = await startProducer();
    const told: Job[] = [];
    queue.queue.on('waiting', (job) => told.push(job));
    const job = await queue.add(task('t'));
    await queue.addBulk([task('t')]);
    expect(told).toEqual([job]);
  });
});

describe('a task that cannot be added', () => {
  it('does not keep others of the same moment from being added', async () => {
    const { queue, waiting } = await startProducer();
    const calls = [
      queue.add(task('t'), { jobId: 'a' }),
      queue.add(task('')),
      queue.addBulk([plain('b'), task('')]),
      queue.add(task('t'), { jobId: 'meta' }),
      queue.addBulk([plain('c'), plain('d')]),
    ];
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'],
    ]);
    expect(await waiting()).toEqual(['a', 'c', 'd']);
    await expect(calls[1]).rejects.toThrow(InvalidTaskError);
  });
});

describe('what is on its way', () => {
  it('is stored before the instance has closed', async () => {
    const { queue, close, waiting } = await startProducer();
    const calls = [queue.add(task('t')), queue.addBulk(upTo(700).map(() => task('t'))), queue.add(task('t'))];
    await close();
    expect((await Promise.all(calls)).flat()).toHaveLength(702);
    expect(await waiting()).toHaveLength(702);
  });

  it('survives that Redis forgets its scripts', async () => {
    // One alone: the transactions of BullMQ, which other tests send, do not survive it.
    const server = await startOwnServer();
    const redis = new Redis(server.url);
    const { queue, close, waiting } = await startProducer(redis, server.url);
    const jobs = [await queue.add(task('t'))];
    await redis.script('FLUSH');
    jobs.push(...(await queue.addBulk(upTo(450).map(() => task('t')))));
    expect(await waiting()).toEqual(idsOf(jobs));
    await close();
    redis.disconnect();
    await server.stop();
  });
});

describe('a full Redis', () => {
  let server: OwnServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startOwnServer();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const limitMemory = (bytes: number) => redis.config('SET', 'maxmemory', bytes);
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);

  async function expectRefusal(adding: Promise<unknown>): Promise<void> {
    const reason: unknown = await adding.catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(RedisRefusesWritesError);
    expect(reason).toMatchObject({ code: 'AFFINITY_REDIS_REFUSES_WRITES', details: { reply: 'OOM' } });
  }

  async function addUntilFull(queue: QueueService, ids: readonly string[], roomBytes: number): Promise<void> {
    await limitMemory((await usedMemory()) + roomBytes);
    const tasks = ids.map((jobId) => ({ ...task('t', 'x'.repeat(1_000)), options: { jobId } }));
    try {
      await expectRefusal(queue.addBulk(tasks));
    } finally {
      await limitMemory(0);
    }
  }

  it('refuses a task', async () => {
    const { queue, waiting, indexed, isKept } = await startProducer(redis, server.url);
    await limitMemory(1);
    try {
      await expectRefusal(queue.add(task('t'), { jobId: 'a' }));
      // One that BullMQ's own script would add.
      await expectRefusal(queue.add(task('t'), { jobId: 'b', delay: 1 }));
    } finally {
      await limitMemory(0);
    }
    expect([await waiting(), await indexed()]).toEqual([[], []]);
    expect([await isKept('a'), await isKept('b')]).toEqual([false, false]);
    await queue.add(task('t'), { jobId: 'a' });
    expect(await waiting()).toEqual(['a']);
  });

  it('adds whole parts of a list or none of them; adding it again completes it', async () => {
    const { queue, waiting, indexed, isKept } = await startProducer(redis, server.url);
    const ids = upTo(2_000).map((n) => `n${n}`);
    await addUntilFull(queue, ids, 1_500_000);
    const added = await waiting();
    expect(await indexed()).toEqual(added);
    expect(added.length).toBeGreaterThan(0);
    expect(added.length).toBeLessThan(2_000);
    // A few go first, and the others in full scripts.
    const starts = [0, ...upTo(13).map((n) => 50 + 150 * n)];
    const parts = starts.map((from, index) => ids.slice(from, starts[index + 1]));
    for (const part of parts) {
      const at = added.indexOf(part[0]!);
      expect(at < 0 ? [] : added.slice(at, at + part.length)).toEqual(at < 0 ? [] : part);
    }
    const partsAdded = parts.filter(([first]) => added.includes(first!));
    expect(added).toHaveLength(partsAdded.flat().length);
    const kept = await Promise.all(ids.map(isKept));
    expect(ids.filter((_, index) => kept[index]).sort()).toEqual([...added].sort());
    await queue.addBulk(ids.map(plain));
    expect((await waiting()).sort()).toEqual([...ids].sort());
  });
});

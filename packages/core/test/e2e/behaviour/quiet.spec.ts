import { afterEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { closeAll, openRedis, startInstance, type TestInstance } from '../../support/calm.js';
import { quickElection } from '../../support/app.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/**
 * What stays of a queue that has nothing to do and no instance, whatever went through it. All of it is of constant size: the
 * event stream is bounded by `maxLenEvents`, `aff:limits` by the configuration.
 */
const documentedKeys = (name: string): string[] =>
  [
    `bull:${name}-pending:aff:ctl`, // layout version, and the numbers that must never fall: sequence, fencing token
    `bull:${name}-pending:aff:limits`, // only with an identifyTagConcurrency per tag
    `bull:${name}-pending:events`,
    `bull:${name}-pending:id`, // BullMQ's count of added jobs
    `bull:${name}-pending:meta`,
    `bull:${name}-pending:pc`, // only where foreign producers set priorities
    `scheduler:${name}-pending:election:epoch`,
  ].sort();

/** There at some moments and not at others: the marker with at most two members, and a key that expires by itself. */
const fleetingKeys = (name: string): string[] => [
  `bull:${name}-pending:marker`,
  `scheduler:${name}-pending:election:vacancy`,
];

async function keysOf(redis: Redis, name: string, nodeIds: readonly string[]): Promise<string[]> {
  const keys = await redis.keys(`*${name}*`);
  const ofNodes = await Promise.all(nodeIds.map((nodeId) => redis.keys(`*${nodeId}*`)));
  const [marker = '', vacancy = ''] = fleetingKeys(name);
  expect(await redis.zcard(marker)).toBeLessThanOrEqual(2);
  if (keys.includes(vacancy)) expect(await redis.pttl(vacancy)).toBeGreaterThan(0);
  const calls = keys.filter((key) => key.startsWith(`bull:${name}-pending:aff:call:`));
  for (const key of calls) expect(await redis.ttl(key)).toBeGreaterThan(0);
  const isFleeting = (key: string): boolean => fleetingKeys(name).includes(key) || calls.includes(key);
  return [...new Set([...keys, ...ofNodes.flat()])].filter((key) => !isFleeting(key)).sort();
}

const keepNothing = { removeOnComplete: true, removeOnFail: true };

describe('a queue that has run dry', () => {
  it('leaves only the documented keys, whatever went through it', async () => {
    const redis = openRedis();
    const name = uniqueName();
    const recorder = new Recorder();
    const start = (): Promise<TestInstance> =>
      startInstance(
        {
          name,
          workerOptions: { workerCount: 2, maxBatchSize: 4 },
          queueOptions: { identifyTagConcurrency: { default: 1, 'tag 3': 2 } },
        },
        (workers) => {
          workers.registerHandler(
            'note',
            recorder.handler(async (payload, { attempt, updateProgress, log }) => {
              await updateProgress(1);
              await log('a line');
              if (payload === 'fail' || (payload === 'once' && attempt === 1))
                throw new Error('as it was told');
            }),
          );
        },
      );
    const instances = await Promise.all([start(), start()]);
    const { queue } = instances[0];
    const nodeIds = instances.map(({ election }) => election.nodeId);

    const task = (n: number, payload: unknown, options = {}) => ({
      type: 'note',
      identifyTag: `tag ${n % 11}`,
      payload,
      options: { attempts: 2, backoff: 1, ...keepNothing, ...options },
    });
    await queue.addBulk([
      ...upTo(100).map((n) => task(n, 'go')),
      ...upTo(10).map((n) => task(n, 'once')),
      ...upTo(10).map((n) => task(n, 'once', { retryOrder: 'skip' })),
      ...upTo(10).map((n) => task(n, 'fail')),
      ...upTo(10).map((n) => task(n, 'go', { delay: 10 * n })),
      ...upTo(10).map((n) => task(n, 'go', { deduplication: { id: `d${n % 3}` } })),
      ...upTo(10).map((n) => task(n, 'go', { jobId: `job-${n}` })),
    ]);
    // Foreign ones, malformed ones, a priority.
    await queue.queue.add('note', { identifyTag: 'foreign' }, { ...keepNothing, priority: 3 });
    await queue.queue.add('note', 'malformed', keepNothing);
    await queue.queue.upsertJobScheduler(
      'ticks',
      { every: 20, limit: 3 },
      { name: 'note', data: { identifyTag: 'ticks' }, opts: keepNothing },
    );
    // What is removed by hand, in every way.
    await queue.pauseTag('held');
    const held = await queue.addBulk(upTo(6).map((n) => ({ ...task(n, 'go'), identifyTag: 'held' })));
    await until('they are indexed', async () => (await queue.getTagStats('held')).waiting === 6);
    expect(await queue.remove(held[0]!.id!)).toBe(true);
    expect(await queue.cancel(held[1]!.id!)).toBe('removed');
    expect(await queue.purgeTag('held')).toBe(4);
    await queue.resumeTag('held');
    const waiter = await queue.add({ type: 'note', identifyTag: 'waited for', payload: null }, keepNothing);
    await queue.waitUntilFinished(waiter).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'AFFINITY_TASK_NOT_FOUND' }); // it was faster, and is not kept
    });

    await until('all have run', async () => {
      const { waiting, active, delayed, tagsBound, tagsWaiting, workersRunning } =
        await queue.getQueueStats();
      return waiting + active + delayed + tagsBound + tagsWaiting + workersRunning === 0;
    });
    await queue.queue.removeJobScheduler('ticks');
    expect(await queue.getQueueStats()).toMatchObject({ completed: 0, failed: 0 });
    await Promise.all(instances.map((instance) => instance.close()));

    expect(await keysOf(redis, name, nodeIds)).toEqual(documentedKeys(name));
    const control = await redis.hkeys(`bull:${name}-pending:aff:ctl`);
    // A handler wrote a log.
    expect(control.sort()).toEqual(['fence', 'layout', 'limit', 'limits', 'logs', 'seq', 'size']);
    expect((await redis.hkeys(`bull:${name}-pending:meta`)).length).toBeLessThanOrEqual(6);
  });

  it('with running instances has no key per task or tag either', async () => {
    const redis = openRedis();
    const name = uniqueName();
    const { queue, election, workers } = await startInstance(
      { name, workerOptions: { workerCount: 2 }, electionOptions: quickElection },
      (service) => {
        service.registerHandler('note', () => undefined);
      },
    );
    const run = async (count: number): Promise<string[]> => {
      await queue.addBulk(
        upTo(count).map((n) => ({ type: 'note', identifyTag: `t${n}`, payload: null, options: keepNothing })),
      );
      await until('all have run', async () => {
        const { waiting, active, tagsBound, workersIdle } = await queue.getQueueStats();
        return waiting + active + tagsBound === 0 && workersIdle === 2;
      });
      return keysOf(redis, name, [election.nodeId]);
    };
    // Where instances on this host see each other.
    const isOfHost = (key: string): boolean => key.startsWith(`bull:${name}-pending:aff:host:`);
    const few = (await run(1)).filter((key) => !isOfHost(key));
    const many = await run(200);
    expect(many.filter((key) => !isOfHost(key))).toEqual(few);
    expect(many.filter(isOfHost)).toHaveLength(process.platform === 'linux' ? 1 : 0);
    const workerIds = workers.getWorkerStates().map(({ workerId }) => workerId);
    expect(few).toEqual(
      [
        ...documentedKeys(name).filter((key) => !/:(pc|aff:limits)$/.test(key)),
        `bull:${name}-pending:aff:idle`,
        `bull:${name}-pending:aff:beats`,
        `bull:${name}-pending:aff:standings`,
        `scheduler:${name}-pending:election:lock`,
        `scheduler:${name}-pending:leader:info`,
        `scheduler:${name}-pending:worker:registry`,
        ...workerIds.flatMap((id) => [`bull:${name}-worker-${id}:meta`, `${name}-state:${id}`]),
      ].sort(),
    );
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { type Redis } from 'ioredis';
import type { QueueEvent, QueueService } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { quickElection } from '../../support/app.js';
import { upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

interface Collected {
  readonly events: QueueEvent[];
  completed: boolean;
  unsubscribe(): void;
  ofType<Type extends QueueEvent['type']>(type: Type): Extract<QueueEvent, { type: Type }>[];
}

/** Subscribes, and returns once events arrive. */
async function collect(queue: QueueService): Promise<Collected> {
  const events: QueueEvent[] = [];
  const collected: Collected = {
    events,
    completed: false,
    unsubscribe: () => {
      subscription.unsubscribe();
    },
    ofType: (type) => events.filter((event) => event.type === type) as never,
  };
  const subscription = queue.events$.subscribe({
    next: (event) => events.push(event),
    complete: () => (collected.completed = true),
  });
  // What happens before the subscription has reached Redis is not seen: give signs until one is.
  await until('events arrive', async () => {
    const sign = await queue.add(task('sign'), { delay: 600_000 });
    await queue.remove(sign.id!);
    return events.length > 0;
  });
  return collected;
}

const eventConnections = async (redis: Redis, nodeId: string): Promise<number> => {
  const list = (await redis.client('LIST')) as string;
  return list.split('\n').filter((line) => line.includes(`:${nodeId}:events`)).length;
};

describe('events$', () => {
  it('tells the life of a task in order', async () => {
    const { queue, election } = await startStage();
    const seen = await collect(queue);
    const job = await queue.add(task('t'));
    await until('it is released', () => seen.ofType('released').length === 1);
    const [worker] = await queue.getWorkers();
    const { workerId } = worker!;
    const ofTask = seen.events.filter((event) =>
      'jobId' in event ? event.jobId === job.id : event.type !== 'leaderChanged',
    );
    expect(ofTask).toEqual([
      { type: 'added', eventId: expect.any(String), jobId: job.id, name: 'note' },
      {
        type: 'bound',
        eventId: expect.any(String),
        identifyTag: 't',
        workerId,
        size: 1,
        fencingToken: expect.any(Number),
      },
      { type: 'started', eventId: expect.any(String), jobId: job.id },
      { type: 'completed', eventId: expect.any(String), jobId: job.id, returnvalue: 'go' },
      {
        type: 'released',
        eventId: expect.any(String),
        identifyTag: 't',
        workerId,
        size: 1,
        reason: 'empty',
      },
    ]);
    expect(workerId.startsWith(election.nodeId)).toBe(true);
    for (const event of seen.events) expect(Object.isFrozen(event)).toBe(true);
  });

  it('tells of attempts that fail, and of why a batch ended', async () => {
    const { queue } = await startStage({ workerOptions: { maxBatchSize: 2 } });
    const seen = await collect(queue);
    const failing = await queue.add(task('t', 'fail'), { attempts: 2, backoff: 15 });
    await expect(queue.waitUntilFinished(failing, 5_000)).rejects.toThrow('as it was told');
    await until('it is released twice', () => seen.ofType('released').length === 2);
    expect(seen.ofType('retried')).toMatchObject([{ jobId: failing.id, attemptsMade: 1, delayMs: 15 }]);
    expect(seen.ofType('failed')).toMatchObject([{ jobId: failing.id, failedReason: 'as it was told' }]);
    expect(seen.ofType('released').map(({ reason }) => reason)).toEqual(['retry', 'empty']);

    await queue.pause();
    await queue.addBulk(upTo(3).map((n) => task('u', n)));
    await queue.resume();
    await until('both batches are released', () => seen.ofType('released').length === 4);
    expect(seen.ofType('released').slice(2)).toMatchObject([
      { identifyTag: 'u', size: 2, reason: 'limit' },
      { identifyTag: 'u', size: 1, reason: 'empty' },
    ]);
  });

  it('tells of a paused tag', async () => {
    const stage = await startStage();
    const { queue, hold, open } = stage;
    const watcher = await startInstance({ name: stage.name, role: 'PRODUCER' });
    const seen = await collect(watcher.queue);
    await hold('t');
    await queue.add(task('t'));
    await until('it is dispatched', async () => (await queue.getWorkers())[0]?.currentBatchSize === 2);
    await queue.pauseTag('t');
    open();
    await until('it is released', () => seen.ofType('released').length === 1);
    expect(seen.ofType('released')).toMatchObject([{ identifyTag: 't', size: 2, reason: 'paused' }]);
  });

  it('tells of a worker that retires with tasks in hand', async () => {
    const { name, queue, workers, hold, open } = await startStage();
    const watcher = await startInstance({ name, role: 'PRODUCER' });
    const seen = await collect(watcher.queue);
    await hold('t');
    await queue.add(task('t'));
    await until('it is dispatched', async () => (await queue.getWorkers())[0]?.currentBatchSize === 2);
    const [{ workerId } = { workerId: '' }] = workers.getWorkerStates();
    const stopped = workers.stop();
    const redis = openRedis();
    await until('it takes nothing more', () =>
      redis.hexists(`bull:${name}-worker-${workerId}:meta`, 'leaving'),
    );
    open();
    await stopped;
    await until('it is released', () => seen.ofType('released').length === 1);
    expect(seen.ofType('released')).toMatchObject([
      { identifyTag: 't', workerId, size: 2, reason: 'shutdown' },
    ]);
    expect(await queue.getQueueStats()).toMatchObject({ completed: 1, waiting: 1 });
  });

  it('tells of skipped retries', async () => {
    const { queue } = await startStage();
    const seen = await collect(queue);
    const job = await queue.add(task('t', 'fail'), { attempts: 3, backoff: 10, retryOrder: 'skip' });
    await until('it has failed', () => seen.ofType('failed').length === 1);
    expect(seen.ofType('retried')).toMatchObject([
      { jobId: job.id, attemptsMade: 1, delayMs: 10 },
      { jobId: job.id, attemptsMade: 2, delayMs: 10 },
    ]);
  });

  it('tells who leads, who has left with tasks in hand, and when there is nobody', async () => {
    const name = uniqueName();
    const watcher = await startInstance({ name, role: 'WORKER', electionOptions: quickElection });
    const seen = await collect(watcher.queue);
    const leader = await startInstance({ name, role: 'SCHEDULER', electionOptions: quickElection });
    await until('it is announced', () =>
      seen.ofType('leaderChanged').some(({ nodeId }) => nodeId === leader.election.nodeId),
    );
    const [changed] = seen.ofType('leaderChanged');
    expect(changed!.epoch).toBeGreaterThan(1e15);
    await leader.close();
    await until('its absence is noticed', () => seen.ofType('leaderless').length === 1);
    expect(seen.ofType('leaderless')[0]!.nodeId).toBe(watcher.election.nodeId);
  });

  it('tells of a worker that was declared dead', async () => {
    const { name, queue, election } = await startStage({ electionOptions: quickElection });
    const seen = await collect(queue);
    const redis = openRedis();
    // What a worker that has died leaves behind: a registration and tasks, and no heartbeat.
    const base = `bull:${name}-pending:`;
    const dead = 'dead-1-abc-1';
    await redis.hset(`bull:${name}-worker-${dead}:meta`, { queue: base, node: 'dead', tag: 'u', batch: 1 });
    await redis.hset(`scheduler:${name}-pending:worker:registry`, dead, '{}');
    await redis.hset(`${base}aff:beats`, dead, 1);
    await until('it is noticed', () => seen.ofType('recovered').length === 1);
    expect(seen.ofType('recovered')).toMatchObject([{ workerId: dead, count: 0 }]);
    expect(seen.ofType('released')).toMatchObject([{ workerId: dead, identifyTag: 'u', reason: 'lost' }]);
    expect(election.isLeader()).toBe(true);
  });

  it('two subscribers share one connection, which closes with the last of them', async () => {
    const { queue, election, close } = await startStage();
    const redis = openRedis();
    expect(await eventConnections(redis, election.nodeId)).toBe(0);
    const first = await collect(queue);
    const second = await collect(queue);
    expect(await eventConnections(redis, election.nodeId)).toBe(1);
    const job = await queue.add(task('t'));
    for (const { ofType } of [first, second]) {
      await until('both are told', () => ofType('completed').some(({ jobId }) => jobId === job.id));
    }
    first.unsubscribe();
    const last = await queue.add(task('t'));
    await until('the second is told', () =>
      second.ofType('completed').some(({ jobId }) => jobId === last.id),
    );
    expect(first.ofType('completed').some(({ jobId }) => jobId === last.id)).toBe(false);
    expect(await eventConnections(redis, election.nodeId)).toBe(1);
    second.unsubscribe();
    await until('it is closed', async () => (await eventConnections(redis, election.nodeId)) === 0);

    const third = await collect(queue);
    await close();
    expect(third.completed).toBe(true);
    expect(await eventConnections(redis, election.nodeId)).toBe(0);
  });

  it('goes on where it was after its connection was lost', async () => {
    const { queue, election } = await startStage();
    const redis = openRedis();
    const seen = await collect(queue);
    const list = (await redis.client('LIST')) as string;
    const line = list.split('\n').find((client) => client.includes(`:${election.nodeId}:events`))!;
    await redis.client('KILL', 'ID', /id=(\d+)/.exec(line)![1]!);
    const jobs = await queue.addBulk(upTo(20).map((n) => task('t', n)));
    await until('all are told', () => seen.ofType('completed').length === 20);
    expect(seen.ofType('completed').map(({ jobId }) => jobId)).toEqual(jobs.map(({ id }) => id));
  });

  it('is not stopped by entries that are no events of ours, or malformed', async () => {
    const { queue, name } = await startStage();
    const seen = await collect(queue);
    const redis = openRedis();
    const stream = `bull:${name}-pending:events`;
    await redis.xadd(stream, '*', 'event', 'progress', 'jobId', 'x', 'data', 'no JSON');
    await redis.xadd(stream, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', '{no JSON');
    await redis.xadd(stream, '*', 'event', 'unheard-of', 'a', 'b');
    await redis.xadd(stream, '*', 'no', 'event');
    const job = await queue.add(task('t'));
    await until('the task is told', () => seen.ofType('completed').some(({ jobId }) => jobId === job.id));
    expect(seen.ofType('completed')[0]).toMatchObject({ jobId: 'x', returnvalue: undefined });
  });
});

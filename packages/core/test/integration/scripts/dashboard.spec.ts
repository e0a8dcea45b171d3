import { describe, expect, it } from '@jest/globals';
import { decodeOverview } from '../../../src/dashboard/collector/overview.js';
import { readRecentEvents } from '../../../src/dashboard/collector/recent-events.js';
import { readFailures } from '../../../src/dashboard/tasks/failures.js';
import type { QueueContext } from '../../../src/redis/queue-context.js';
import type { Harness } from './support/harness.js';
import { useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

const contextOf = ({ scripts, keys }: Harness) => ({ scripts, keys }) as QueueContext;

describe('getOverview', () => {
  const overview = async (queue: Harness, workers = 10, tags = 10) => {
    const before = await queue.snapshot();
    const call = { keys: [queue.keys.leaderInfo], args: [workers, tags, 100] };
    const found = decodeOverview(await queue.run('getOverview', call));
    expect(await queue.snapshot()).toEqual(before);
    return found;
  };

  it('of a queue that nobody has used', async () => {
    const queue = await newQueue();
    await redis.del(queue.keys.electionLock);
    expect(await overview(queue)).toMatchObject({
      leader: null,
      workers: [],
      tags: [],
      tagCounts: { ready: 0, parked: 0, paused: 0 },
    });
  });

  it('shows what workers do: batch, running task and look-ahead', async () => {
    const queue = await newQueue();
    const hash =
      '{"workerId":"w1","nodeId":"n1","hostname":"h","processId":7,"startTime":1,"lastHeartbeat":5}';
    await queue.register('w1');
    await redis.hset(queue.keys.workerRegistry, 'w1', hash);
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.dispatch();
    const task = await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    expect(task).toMatchObject({ id: 'a2' });
    await queue.addMany('b', 'b1', 'b2');
    await queue.dispatch();
    const { workers, tags, now } = await overview(queue);
    expect(workers).toEqual([
      {
        ...{ workerId: 'w1', nodeId: 'n1', hostname: 'h', processId: 7, heartbeats: 0, lastHeartbeat: 5 },
        ...{ tag: 'a', batchSize: 3, batchPosition: 2, nextTag: 'b', nextSize: 2, leaving: false },
        task: { jobId: 'a2', type: 'type', attempt: 1, since: expect.any(Number) },
      },
    ]);
    expect(Math.abs(now - workers[0]!.task!.since)).toBeLessThan(60_000);
    expect(tags).toMatchObject([
      { tag: 'a', waiting: 1, workerIds: ['w1'], parkedUntil: null, paused: false },
      { tag: 'b', waiting: 2, workerIds: ['w1'] },
    ]);
    expect(tags.map(({ oldestSince }) => now - oldestSince!).every((age) => age < 60_000)).toBe(true);
  });

  it('shows tags that are ready, parked, paused, or have no name', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.add({ id: 'd1', tag: 'd' });
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.addMany('e', 'e1');
    await queue.dispatch();
    await queue.addMany('a', 'a1', 'a2');
    await queue.addMany('c', 'c1');
    await queue.add({ id: 'x1', data: '7' });
    await queue.dispatch();
    await queue.pauseTag('c');
    const { tags, tagCounts, now } = await overview(queue);
    const byTag = new Map(tags.map((tag) => [tag.tag, tag]));
    expect(tagCounts).toEqual({ ready: 2, parked: 1, paused: 1 });
    expect(byTag.get('a')).toMatchObject({ waiting: 2, workerIds: [], paused: false });
    expect(byTag.get('c')).toMatchObject({ waiting: 1, paused: true });
    expect(byTag.get('d')!.parkedUntil! - now).toBeGreaterThan(30_000);
    expect(byTag.get('e')).toMatchObject({ workerIds: ['w1'] });
    expect(byTag.get('')).toMatchObject({ waiting: 1 });
  });

  it('looks at no more than it is told to', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    for (let i = 0; i < 30; i += 1) await queue.addMany(`tag ${i}`, `t${i}`);
    await queue.dispatch();
    const { workers, tags, tagCounts } = await overview(queue, 2, 5);
    expect(workers.map(({ workerId }) => workerId)).toEqual(['w1', 'w2']);
    expect(tagCounts.ready).toBe(27);
    expect(tags).toHaveLength(2 + 5);
  });

  it('names the leader, and what it says of itself while it is the holder of the lock', async () => {
    const queue = await newQueue();
    const info = {
      nodeId: 'leader',
      hostname: 'h',
      processId: 3,
      epoch: 1,
      startTime: 9,
      lastHeartbeat: 10,
      heartbeats: 2,
    };
    await redis.set(queue.keys.electionLock, 'leader:1', 'PX', 5_000);
    await redis.set(queue.keys.leaderInfo, JSON.stringify(info));
    const { leader } = await overview(queue);
    expect(leader).toMatchObject({ nodeId: 'leader', hostname: 'h', since: 9, heartbeats: 2 });
    expect(leader!.leaseMs).toBeGreaterThan(0);
    await redis.set(queue.keys.electionLock, 'other:2');
    expect((await overview(queue)).leader).toMatchObject({ nodeId: 'other', since: 0, leaseMs: -1 });
  });
});

describe('getRecentEvents', () => {
  const add = (queue: Harness, id: string, ...fields: string[]) =>
    redis.xadd(queue.list('events'), id, ...fields);

  it('reads the newest backwards, as far as it is told to, and only what a dashboard needs', async () => {
    const queue = await newQueue();
    await add(
      queue,
      '5-1',
      'event',
      'bound',
      'identifyTag',
      'a',
      'workerId',
      'w1',
      'size',
      '3',
      'fencingToken',
      '9',
    );
    await add(queue, '6-1', 'event', 'drained');
    await add(queue, '7-1', 'event', 'completed', 'jobId', '1', 'returnvalue', '"secret"');
    await add(
      queue,
      '8-1',
      'event',
      'released',
      'identifyTag',
      'a',
      'workerId',
      'w1',
      'size',
      '3',
      'reason',
      'limit',
    );
    const read = (...args: (string | number)[]) => queue.run('getRecentEvents', { args });
    expect(await read('+', '0', 10, 1_000)).toEqual([
      '',
      ['8-1', 'released', 'w1', 'a', '3', 'limit'],
      ['7-1', 'completed', '1'],
      ['5-1', 'bound', 'w1', 'a', '3'],
    ]);
    expect(await read('(8-1', '(5-1', 10, 1_000)).toEqual(['', ['7-1', 'completed', '1']]);
    expect(await read('+', '0', 2, 1_000)).toEqual([
      '7-1',
      ['8-1', 'released', 'w1', 'a', '3', 'limit'],
      ['7-1', 'completed', '1'],
    ]);
  });

  it('ends early where results are large', async () => {
    const queue = await newQueue();
    for (let i = 1; i <= 100; i += 1)
      await add(queue, `${i}-1`, 'event', 'completed', 'jobId', `${i}`, 'returnvalue', 'x'.repeat(10_000));
    const [oldest, ...entries] = (await queue.run('getRecentEvents', {
      args: ['+', '0', 100, 50_000],
    })) as string[];
    expect(entries.length).toBeLessThanOrEqual(20);
    expect(oldest).toBe(`${101 - entries.length}-1`);
  });

  it('pages: all of a few events, and the latest of many', async () => {
    const queue = await newQueue();
    for (let i = 1; i <= 700; i += 1) await add(queue, `${i}-1`, 'event', 'added', 'jobId', `${i}`);
    const few = await readRecentEvents(contextOf(queue), '0');
    expect([few.events.length, few.completeSince, few.lastId]).toEqual([700, 0, '700-1']);
    expect(few.events[0]).toEqual({ id: '1-1', at: 1, name: 'added', values: ['1'] });
    expect(await readRecentEvents(contextOf(queue), '700-1')).toEqual({
      events: [],
      completeSince: 700,
      lastId: '700-1',
    });
    const pipeline = redis.pipeline();
    for (let i = 701; i <= 4_000; i += 1)
      pipeline.xadd(queue.list('events'), `${i}-1`, 'event', 'added', 'jobId', `${i}`);
    await pipeline.exec();
    const many = await readRecentEvents(contextOf(queue), '700-1');
    expect([many.events.length, many.completeSince, many.lastId]).toEqual([2_500, 1_501, '4000-1']);
  });
});

describe('getFailures', () => {
  it('names failed tasks with their reasons, the latest first, without their payloads', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.add({ id: 'x1', data: '7' });
    await queue.dispatch();
    for (const reason of ['first', 'second'])
      await queue.commit('w1', await queue.take('w1'), { failed: true, value: reason });
    const all = await readFailures(contextOf(queue), 0);
    expect(all.total).toBe(2);
    expect(all.tasks.map(({ jobId, reason, tag }) => [jobId, reason, tag])).toEqual([
      ['a2', 'second', 'a'],
      ['a1', 'first', 'a'],
    ]);
    expect(all.tasks[0]).toMatchObject({ type: 'type', attemptsMade: 1, failedAt: expect.any(Number) });
    expect(JSON.stringify(all)).not.toContain('payload');
    expect((await readFailures(contextOf(queue), 1)).tasks).toMatchObject([{ jobId: 'a1' }]);
    const page = (await queue.run('getFailures', { args: [0, 10, 0, 3] })) as unknown[][];
    expect(page.slice(1).map(([, , tag, reason]) => [tag, reason])).toEqual([
      [null, 'sec'],
      [null, 'fir'],
    ]);
    expect(await queue.run('getFailures', { args: [2, 10, 0, 3] })).toEqual([2]);
  });
});

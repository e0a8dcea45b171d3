import { describe, expect, it } from '@jest/globals';
import type { Harness } from './support/harness.js';
import { snapshotWithoutMarker, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

type Reply = [flat: string[], owners: unknown[][]];

async function explain(queue: Harness, id: string, reach = 100, maxDataBytes = 10_000, maxText = 40) {
  const before = await snapshotWithoutMarker(queue);
  const [flat, owners] = (await queue.run('explainTask', {
    args: [id, reach, maxDataBytes, maxText],
  })) as Reply;
  expect(await snapshotWithoutMarker(queue)).toEqual(before);
  const fields = Object.fromEntries(
    flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : [])),
  );
  return { ...fields, owners } as Record<string, string> & { owners: unknown[][] };
}

describe('explainTask', () => {
  it('knows no task that is not there, and no other key', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1');
    for (const id of ['x1', 'wait', 'meta', 'aff:ctl']) {
      expect(await explain(queue, id)).toEqual({ place: 'none', owners: [] });
    }
  });

  it('finds what was added, indexed, dispatched, runs, and is the look-ahead', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1', 'a2');
    expect(await explain(queue, 'a2')).toMatchObject({ place: 'added', position: '2', tag: 'a' });
    await queue.dispatch();
    expect(await explain(queue, 'a2')).toMatchObject({
      place: 'indexed',
      position: '2',
      tagsBefore: '0',
      workers: '0',
      idle: '0',
      limit: '1',
      lock: queue.leader,
    });
    await queue.register('w1');
    await queue.dispatch({ maxBatchSize: 3 });
    expect(await explain(queue, 'a2')).toMatchObject({ place: 'dispatched', position: '2', worker: 'w1' });
    await queue.take('w1');
    expect(await explain(queue, 'a1')).toMatchObject({ place: 'running', worker: 'w1', started: '1' });
    expect(await explain(queue, 'a2')).toMatchObject({
      place: 'dispatched',
      position: '1',
      owners: [['w1', 'a', '2', '1', '', 'a1', 1]],
    });
    await redis.hset(queue.worker('w1', 'meta'), 'short', '1');
    await redis.rpush(queue.list('aff:hungry'), 'w1');
    await queue.addMany('b', 'b1', 'b2');
    await queue.dispatch();
    expect(await explain(queue, 'b2')).toMatchObject({ place: 'ahead', position: '2', worker: 'w1' });
  });

  it('finds finished, delayed and parent tasks by their sets', async () => {
    const queue = await newQueue();
    for (const [set, id] of [
      ['completed', 'c1'],
      ['failed', 'f1'],
      ['delayed', 'd1'],
      ['waiting-children', 'p1'],
      ['prioritized', 'o1'],
    ] as const) {
      await queue.add({ id, tag: 'a' });
      await redis.lrem(queue.list('wait'), 0, id);
      await redis.zadd(queue.list(set), 7_340_032_000_000_123, id);
      expect(await explain(queue, id)).toMatchObject({ place: set, score: '7340032000000123' });
    }
  });

  it('tells a task that others run from one that is in no list', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'x1' });
    await redis.del(queue.list('wait'));
    expect(await explain(queue, 'x1')).toMatchObject({ place: 'lost' });
    await redis.set(`${queue.job('x1')}:lock`, 'theirs');
    expect(await explain(queue, 'x1')).toMatchObject({ place: 'active' });
    await redis.del(`${queue.job('x1')}:lock`);
  });

  it('looks only so far, and says so', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...Array.from({ length: 12 }, (_, i) => `a${i + 1}`));
    expect(await explain(queue, 'a10', 10)).toMatchObject({ place: 'added', position: '10' });
    expect(await explain(queue, 'a11', 10)).toMatchObject({ place: 'added', position: '0' });
    await queue.dispatch();
    expect(await explain(queue, 'a11', 10)).toMatchObject({
      place: 'indexed',
      position: '0',
      tagLength: '12',
    });
  });

  it('tells what holds a tag or the queue up, with no more text than it may', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    const fields = ['failedReason', 'é'.repeat(100)];
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000, fields });
    await queue.pauseTag('a');
    await queue.pauseQueue();
    const found = await explain(queue, 'a1');
    expect(found).toMatchObject({ place: 'indexed', tagPaused: '1', queuePaused: '1', made: '1' });
    expect(Number(found.parkedUntil)).toBeGreaterThan(Number(found.now));
    expect(found.failedReason).toBe('é'.repeat(20));
  });

  it('reads no data that is larger than it may, and finds malformed tasks', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'm1', data: '[]' }, { id: 'b1', tag: 'b', fields: {} });
    expect(await explain(queue, 'b1', 100, 5)).toMatchObject({ place: 'added' });
    expect(await explain(queue, 'b1', 100, 5)).not.toHaveProperty('tag');
    await queue.dispatch();
    expect(await explain(queue, 'm1')).toMatchObject({
      place: 'indexed',
      deferred: expect.stringMatching(/^malformed task: /),
    });
  });
});

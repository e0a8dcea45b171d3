import { describe, expect, it } from '@jest/globals';
import { decodeTags } from '../../../src/producer/tag-overview.js';
import { decodeWorkerDetails } from '../../../src/producer/worker-details.js';
import type { Harness } from './support/harness.js';
import { snapshotWithoutMarker, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

async function reading<T>(
  queue: Harness,
  script: 'getTags' | 'getWorkerDetails',
  limit: number,
  decode: (reply: unknown) => T,
): Promise<T> {
  const before = await snapshotWithoutMarker(queue);
  const reply = await queue.run(script, { args: [limit] });
  expect(await snapshotWithoutMarker(queue)).toEqual(before);
  return decode(reply);
}

describe('getTags', () => {
  it('has each tag once, whatever it waits for', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.dispatch({ maxBatchSize: 2 });
    await queue.take('w1');
    await queue.addMany('b', 'b1');
    await queue.addMany('c', 'c1', 'c2');
    await queue.dispatch({ maxBatchSize: 2 });
    await queue.pauseTag('c');
    await redis.zadd(queue.list('aff:parked'), 7_000, 'd');
    const tags = await reading(queue, 'getTags', 10, decodeTags);
    const plain = { running: 0, parkedUntil: null, boundTo: [] };
    expect(tags).toEqual([
      {
        ...plain,
        identifyTag: 'a',
        state: 'bound',
        waiting: 2,
        running: 1,
        waitingSince: expect.any(Number),
        boundTo: ['w1'],
      },
      { ...plain, identifyTag: 'c', state: 'paused', waiting: 2, waitingSince: expect.any(Number) },
      { ...plain, identifyTag: 'b', state: 'ready', waiting: 1, waitingSince: expect.any(Number) },
      { ...plain, identifyTag: 'd', state: 'parked', waiting: 0, parkedUntil: 7_000, waitingSince: null },
    ]);
  });

  it('has no more of a kind than it was asked for', async () => {
    const queue = await newQueue();
    for (let i = 0; i < 5; i += 1) await queue.addMany(`t${i}`, `t${i}x1`);
    await queue.dispatch();
    expect(await reading(queue, 'getTags', 2, decodeTags)).toHaveLength(2);
    expect(await reading(queue, 'getTags', 9, decodeTags)).toHaveLength(5);
  });
});

describe('getWorkerDetails', () => {
  it('has what every worker holds, and what it says of itself', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await redis.hset(queue.keys.workerRegistry, 'w2', 'no json');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    const first = await queue.take('w1');
    await redis.hset(queue.worker('w2', 'meta'), 'leaving', 1);
    const [w1, w2] = await reading(queue, 'getWorkerDetails', 10, decodeWorkerDetails);
    expect(w1).toMatchObject({
      workerId: 'w1',
      status: 'running',
      batch: { identifyTag: 'a', position: 1, size: 2, waiting: 1 },
      currentJobId: first.id,
      nextIdentifyTag: null,
    });
    expect(w2).toMatchObject({ workerId: 'w2', status: 'leaving', nodeId: null, types: null, batch: null });
    expect(await reading(queue, 'getWorkerDetails', 1, decodeWorkerDetails)).toHaveLength(1);
  });
});

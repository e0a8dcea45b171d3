import { describe, expect, it } from '@jest/globals';
import type { Harness } from './support/harness.js';
import { snapshotWithoutMarker, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

async function look(queue: Harness, tags = 100): Promise<any[]> {
  const before = await snapshotWithoutMarker(queue);
  const reply = await queue.run('getHealth', { keys: [queue.keys.leaderInfo], args: [tags, 10_000] });
  expect(await snapshotWithoutMarker(queue)).toEqual(before);
  return reply as any[];
}

describe('getHealth', () => {
  it('names the leader, and no tag where none waits', async () => {
    const queue = await newQueue();
    await redis.set(queue.keys.leaderInfo, '{"nodeId":"leader"}');
    const [lock, ttl, info, now, tag, since] = await look(queue);
    expect([lock, ttl, info, tag, since]).toEqual([queue.leader, -1, '{"nodeId":"leader"}', null, null]);
    expect(Math.abs(Number(now) - Date.now())).toBeLessThan(5_000);
    await redis.del(queue.keys.electionLock, queue.keys.leaderInfo);
    expect((await look(queue)).slice(0, 3)).toEqual(['', -2, '']);
  });

  it('finds the tag whose first task has waited longest: since it was due, or was tried last', async () => {
    const queue = await newQueue();
    const ago = (ms: number): number => Date.now() - ms;
    const delayed = { timestamp: ago(90_000), opts: '{"delay":80000}' };
    await queue.add(
      { id: 'a1', tag: 'a', fields: { timestamp: ago(20_000) } },
      { id: 'b1', tag: 'b', fields: { timestamp: ago(30_000) } },
      { id: 'c1', tag: 'c', fields: delayed },
      { id: 'd1', tag: 'd', fields: { timestamp: ago(60_000), processedOn: ago(5_000) } },
      { id: 'd2', tag: 'd', fields: { timestamp: ago(50_000) } },
    );
    await queue.dispatch();
    const [, , , now, tag, since] = await look(queue);
    expect(tag).toBe('b');
    expect(Math.abs(Number(now) - Number(since) - 30_000)).toBeLessThan(5_000);
    expect((await look(queue, 1))[4]).toBe('a');
  });

  it('looks at what was added and not taken in, and at damaged tasks without a fault', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'm1', data: 'no json', fields: { timestamp: 'never', opts: 'none' } });
    const [, , , , tag, since] = await look(queue);
    expect([tag, since]).toEqual(['', '0']);
    await redis.rpush(queue.list('wait'), 'gone1');
    expect((await look(queue))[4]).toBeNull();
  });

  it('leaves paused and parked tags out', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await queue.pauseTag('a');
    expect((await look(queue))[4]).toBeNull();
  });
});

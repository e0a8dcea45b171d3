import { describe, expect, it } from '@jest/globals';
import { IncompatibleLayoutError, StaleLeaderError } from '../../../src/errors/errors.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import type { Harness } from './support/harness.js';
import { calm, eventsOf, isWoken, useHarness } from './support/use-harness.js';

const { redis, queue: newElectedQueue } = useHarness();

type Won = [1, string, string];
type Held = [0, string, number, string];

async function newQueue(): Promise<Harness> {
  const queue = await newElectedQueue();
  await queue.redis.del(queue.keys.electionLock);
  return queue;
}

const electionKeys = ({ keys }: Harness): string[] => [
  keys.electionEpoch,
  keys.leaderInfo,
  keys.electionVacancy,
];

async function acquire(
  queue: Harness,
  nodeId: string,
  { lockValue = '', info = '', layout = layoutVersion, ttlMs = 60_000 } = {},
): Promise<Won | Held> {
  const args = [ttlMs, `{"nodeId":"${nodeId}","epoch":__EPOCH__}`, lockValue, layout, info];
  return (await queue.run('acquireLeadership', { caller: nodeId, keys: electionKeys(queue), args })) as
    Won | Held;
}

async function renew(queue: Harness, lockValue: string, info = '{"beats":1}'): Promise<unknown> {
  const keys = electionKeys(queue).slice(0, 2);
  return queue.run('renewLeadership', { caller: lockValue, keys, args: [60_000, info] });
}

const resign = (queue: Harness, lockValue: string): Promise<unknown> =>
  queue.run('resignLeadership', { caller: lockValue, keys: electionKeys(queue) });

const epochOf = (lockValue: string): number => Number(lockValue.split(':')[1]);

describe('acquireLeadership', () => {
  it('gives the lock to one candidate, with an epoch of the clock, and tells it everywhere', async () => {
    const queue = await newQueue();
    const before = Date.now() * 1_000 - 60_000_000;
    const [won, lockValue, unresigned] = await acquire(queue, 'n1');
    expect([won, unresigned]).toEqual([1, '']);
    expect(lockValue).toMatch(/^n1:\d{16}$/);
    expect(epochOf(lockValue)).toBeGreaterThan(before);
    const epoch = lockValue.slice(3);
    expect(
      await redis.mget(queue.keys.electionLock, queue.keys.electionEpoch, queue.keys.leaderInfo),
    ).toEqual([lockValue, epoch, `{"nodeId":"n1","epoch":${epoch}}`]);
    expect(await redis.pttl(queue.keys.electionLock)).toBeGreaterThan(30_000);
    expect(await redis.hget(queue.keys.control, 'layout')).toBe(layoutVersion);
    expect(await isWoken(queue)).toBe(true);
    expect(await eventsOf(queue, 'leaderChanged')).toEqual([
      { event: 'leaderChanged', nodeId: 'n1', epoch, superseded: '' },
    ]);
  });

  it('is lost to the holder, and changes nothing', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    const before = await queue.snapshot();
    const [won, held, ttlMs, info] = (await acquire(queue, 'n2')) as Held;
    expect([won, held, info]).toEqual([0, lockValue, await redis.get(queue.keys.leaderInfo)]);
    expect(ttlMs).toBeGreaterThan(30_000);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is won again by the holder, whose term goes on: the reply was lost', async () => {
    const queue = await newQueue();
    const first = await acquire(queue, 'n1', { ttlMs: 5_000 });
    const before = await queue.snapshot();
    expect(await acquire(queue, 'n1')).toEqual(first);
    expect(await queue.snapshot()).toEqual(before);
    expect(await redis.pttl(queue.keys.electionLock)).toBeGreaterThan(30_000);
  });

  it('is not won by a candidate whose id begins like that of the holder', async () => {
    const queue = await newQueue();
    await acquire(queue, 'n1-2');
    expect((await acquire(queue, 'n1'))[0]).toBe(0);
    expect((await acquire(queue, 'n1-22'))[0]).toBe(0);
  });

  it('supersedes a holder that shows no life, by its lock value and its info', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    const info = (await redis.get(queue.keys.leaderInfo)) ?? '';
    for (const lifeless of [
      { lockValue },
      { info },
      { lockValue: 'n1:1', info },
      { lockValue, info: `${info} ` },
    ]) {
      expect((await acquire(queue, 'n2', lifeless))[0]).toBe(0);
    }
    const [won, successor, unresigned] = await acquire(queue, 'n2', { lockValue, info });
    expect([won, unresigned]).toEqual([1, info]);
    expect(epochOf(successor)).toBeGreaterThan(epochOf(lockValue));
    expect(await eventsOf(queue, 'leaderChanged')).toMatchObject([{}, { superseded: lockValue }]);
  });

  it('spares a holder that has shown life since', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    const info = (await redis.get(queue.keys.leaderInfo)) ?? '';
    await renew(queue, lockValue, '{"beats":2}');
    expect((await acquire(queue, 'n2', { lockValue, info }))[0]).toBe(0);
  });

  it('tells of a lock without expiry, and of a leader before that did not resign', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    await redis.persist(queue.keys.electionLock);
    expect((await acquire(queue, 'n2'))[2]).toBe(-1);
    await redis.del(queue.keys.electionLock);
    expect((await acquire(queue, 'n2'))[2]).toBe(`{"nodeId":"n1","epoch":${epochOf(lockValue)}}`);
  });

  it('never gives an epoch twice, also when the clock of Redis goes back', async () => {
    const queue = await newQueue();
    await redis.set(queue.keys.electionEpoch, '9007199254740000');
    expect((await acquire(queue, 'n1'))[1]).toBe('n1:9007199254740001');
    await redis.del(queue.keys.electionLock);
    expect((await acquire(queue, 'n2'))[1]).toBe('n2:9007199254740002');
  });

  it('gives a higher epoch also where a failover has lost the latest ones', async () => {
    const queue = await newQueue();
    const epochs: number[] = [];
    for (const node of ['n1', 'n2', 'n3']) {
      const [, lockValue] = await acquire(queue, node);
      epochs.push(epochOf(lockValue));
      await resign(queue, lockValue);
    }
    // What a replica knew that had missed the last two terms.
    await redis.set(queue.keys.electionEpoch, epochs[0]!);
    const [, lockValue] = await acquire(queue, 'n4');
    expect(epochOf(lockValue)).toBeGreaterThan(Math.max(...epochs));
  });

  it('is refused in another layout, and leaves everything as it is', async () => {
    const queue = await newQueue();
    await redis.hset(queue.keys.control, 'layout', 'other');
    const before = await queue.snapshot();
    await expect(acquire(queue, 'n1')).rejects.toThrow(IncompatibleLayoutError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is over for the former leader in every script of a leader', async () => {
    const queue = await newQueue();
    const [, former] = await acquire(queue, 'n1');
    await redis.del(queue.keys.electionLock);
    await acquire(queue, 'n2');
    await calm(queue);
    const before = await queue.snapshot();
    await expect(renew(queue, former)).rejects.toThrow(StaleLeaderError);
    await expect(resign(queue, former)).rejects.toThrow(StaleLeaderError);
    expect(await queue.snapshot()).toEqual(before);
    await expect(queue.dispatch({ leader: former })).rejects.toThrow(StaleLeaderError);
    await expect(queue.recover('w1', { leader: former })).rejects.toThrow(StaleLeaderError);
    await expect(queue.run('setLimits', { caller: former, args: [1] })).rejects.toThrow(StaleLeaderError);
  });
});

describe('renewLeadership', () => {
  it('prolongs the lock and shows life', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1', { ttlMs: 5_000 });
    expect(await renew(queue, lockValue, '{"beats":7}')).toBe(1);
    expect(await redis.pttl(queue.keys.electionLock)).toBeGreaterThan(30_000);
    expect(await redis.get(queue.keys.leaderInfo)).toBe('{"beats":7}');
  });

  it('does not bring a lock back that is gone', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    await redis.del(queue.keys.electionLock);
    const before = await queue.snapshot();
    await expect(renew(queue, lockValue)).rejects.toThrow(StaleLeaderError);
    expect(await queue.snapshot()).toEqual(before);
  });
});

describe('resignLeadership', () => {
  it('gives the lock up, keeps the epoch, and wakes a follower', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1');
    expect(await resign(queue, lockValue)).toBe(1);
    expect(await redis.exists(queue.keys.electionLock, queue.keys.leaderInfo)).toBe(0);
    expect(await redis.get(queue.keys.electionEpoch)).toBe(lockValue.slice(3));
    expect(await redis.zrange(queue.keys.electionVacancy, 0, '-1')).toEqual([lockValue]);
    expect(await redis.pttl(queue.keys.electionVacancy)).toBeGreaterThan(30_000);
    const [, successor, unresigned] = await acquire(queue, 'n2');
    expect(epochOf(successor)).toBeGreaterThan(epochOf(lockValue));
    expect(unresigned).toBe('');
    expect(await redis.exists(queue.keys.electionVacancy)).toBe(0);
  });
});

describe('reportLeaderless', () => {
  const report = (queue: Harness, nodeId: string): Promise<unknown> =>
    queue.run('reportLeaderless', { caller: nodeId });

  it('says once per outage that nobody leads', async () => {
    const queue = await newQueue();
    expect(await report(queue, 'n1')).toBe(1);
    expect(await report(queue, 'n2')).toBe(0);
    await acquire(queue, 'n1');
    expect(await report(queue, 'n2')).toBe(0);
    await redis.del(queue.keys.electionLock);
    expect(await report(queue, 'n2')).toBe(1);
    expect(await eventsOf(queue, 'leaderless')).toMatchObject([{ nodeId: 'n1' }, { nodeId: 'n2' }]);
  });
});

describe('requestResignation', () => {
  const ask = (queue: Harness, lockValue = ''): Promise<unknown> =>
    queue.run('requestResignation', { args: [lockValue] });

  it('reaches the leader at its next renewal, once, and renews nothing then', async () => {
    const queue = await newQueue();
    const [, lockValue] = await acquire(queue, 'n1', { ttlMs: 50_000 });
    expect(await ask(queue)).toBe(lockValue);
    expect(await ask(queue, lockValue)).toBe(lockValue);
    expect(await redis.zrange(queue.keys.resignRequests, 0, '-1')).toEqual([lockValue]);
    expect(await redis.pttl(queue.keys.resignRequests)).toBeGreaterThan(0);
    const info = await redis.get(queue.keys.leaderInfo);
    expect(await renew(queue, lockValue, '{"beats":9}')).toBe(2);
    expect(await redis.get(queue.keys.leaderInfo)).toBe(info);
    expect(await renew(queue, lockValue)).toBe(1);
  });

  it('asks nobody where nobody leads, or somebody else than was meant', async () => {
    const queue = await newQueue();
    await redis.del(queue.keys.electionLock);
    expect(await ask(queue)).toBe('');
    const [, lockValue] = await acquire(queue, 'n1');
    expect(await ask(queue, 'n0:1')).toBe('');
    expect(await redis.exists(queue.keys.resignRequests)).toBe(0);
    expect(await renew(queue, lockValue)).toBe(1);
  });

  it('ends no later leadership of the same instance', async () => {
    const queue = await newQueue();
    const [, first] = await acquire(queue, 'n1');
    await ask(queue);
    await resign(queue, first);
    const [, second] = await acquire(queue, 'n1');
    expect(second).not.toBe(first);
    expect(await renew(queue, second)).toBe(1);
  });
});

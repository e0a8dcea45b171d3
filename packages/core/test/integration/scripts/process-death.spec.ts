import { describe, expect, it } from '@jest/globals';
import { NotTaskOwnerError, TaskStillRunningError } from '../../../src/errors/errors.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import type { Harness } from './support/harness.js';
import { calm, eventsOf, isWoken, soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();
const host = '11111111-2222-3333-4444-555555555555.4026531836.4026531834';
const [dead, living] = ['200:7000', '300:8000'];

interface Registration {
  readonly process?: string;
  readonly on?: string;
  readonly node?: string;
}

const markerOf = (queue: Harness, node: string): string => `scheduler:instance:${queue.name}-${node}:wake`;

function register(
  queue: Harness,
  worker: string,
  { process = dead, on = host, node = worker }: Registration = {},
): Promise<unknown> {
  const state = queue.keys.workerState(worker);
  const args = [layoutVersion, node, markerOf(queue, node), state, '{"entry":1}', 60_000, on, process];
  return queue.run('registerWorker', { caller: worker, args });
}

const electionKeys = ({ keys }: Harness): string[] => [
  keys.electionEpoch,
  keys.leaderInfo,
  keys.electionVacancy,
];

function report(
  queue: Harness,
  { process = dead, on = host, by = 'reporter', seen = 1 } = {},
): Promise<unknown> {
  return queue.run('reportDeath', { caller: by, keys: electionKeys(queue), args: [on, process, seen] });
}

async function lead(queue: Harness, node: string, process: string): Promise<string> {
  await redis.del(queue.keys.electionLock);
  const args = [60_000, `{"nodeId":"${node}"}`, '', layoutVersion, '', host, process];
  const [, lockValue] = (await queue.run('acquireLeadership', {
    caller: node,
    keys: electionKeys(queue),
    args,
  })) as [1, string];
  queue.leader = lockValue;
  return lockValue;
}

const beats = (queue: Harness): Promise<Record<string, string>> => redis.hgetall(queue.keys.beats);
const beat = (queue: Harness, worker: string): Promise<unknown> =>
  queue.run('beat', { caller: 'node', args: [worker, 0, '{}'] });
const neighbours = async (queue: Harness, worker: string): Promise<unknown> =>
  ((await beat(queue, worker)) as unknown[])[4];
const wakesRecovery = async (queue: Harness): Promise<boolean> =>
  (await redis.exists(queue.keys.deaths)) === 1;

describe('a process that registers', () => {
  it('is named to the other processes on its host by their heartbeats, once for all its workers', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { process: living, node: 'a' });
    await register(queue, 'w2', { node: 'b' });
    await register(queue, 'w3', { node: 'b' });
    await register(queue, 'w4', { process: '400:1', on: 'elsewhere', node: 'c' });
    expect(await neighbours(queue, 'w1')).toEqual([dead]);
    expect(await neighbours(queue, 'w2')).toEqual([living]);
    expect(await neighbours(queue, 'w4')).toEqual([]);
  });

  it('makes the others send their heartbeats, its own instance not', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { process: living, node: 'a' });
    await register(queue, 'w2', { process: living, node: 'a' });
    expect(await redis.exists(markerOf(queue, 'a'))).toBe(0);
    await register(queue, 'w3', { node: 'b' });
    expect(await redis.zrange(markerOf(queue, 'a'), 0, '-1')).toEqual([`beat:${queue.keys.base}`]);
    expect(await redis.exists(markerOf(queue, 'b'))).toBe(0);
  });

  it('is named no more when its workers retire, are recovered, and leaves no key', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { process: living, node: 'a' });
    await register(queue, 'w2', { node: 'b' });
    await register(queue, 'w3', { node: 'b' });
    await queue.retire('w2');
    expect(await neighbours(queue, 'w1')).toEqual([dead]);
    await queue.recover('w3', { silentMs: 60_000 });
    expect(await neighbours(queue, 'w1')).toEqual([]);
    await queue.retire('w1');
    expect(await queue.allKeys()).not.toContainEqual(expect.stringMatching(/aff:host|:wake/));
  });

  it('may not take over the worker of another process, which lives or not', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { node: 'a' });
    const before = await queue.snapshot();
    await expect(register(queue, 'w1', { node: 'a', process: living })).rejects.toThrow(NotTaskOwnerError);
    await expect(register(queue, 'w1', { node: 'a', process: '' })).rejects.toThrow(NotTaskOwnerError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is not known where it does not say who it is', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { process: '', on: '' });
    await register(queue, 'w2', { process: living });
    expect(await queue.allKeys()).not.toContain(queue.keys.processesOf(''));
    expect(await neighbours(queue, 'w2')).toEqual([]);
    expect(await neighbours(queue, 'w1')).toEqual([]);
  });

  it('is known as the leader while it leads, also without workers', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { process: living });
    await lead(queue, 'n1', dead);
    expect(await neighbours(queue, 'w1')).toEqual([dead]);
    const args = [60_000, '{}', '', layoutVersion, '', host, living];
    const asking = { caller: 'n2', keys: electionKeys(queue), args };
    expect(((await queue.run('acquireLeadership', asking)) as unknown[])[4]).toEqual([dead]);
    // Somebody who does not say who it is took the lock.
    await redis.set(queue.keys.electionLock, 'n3:1');
    expect(await neighbours(queue, 'w1')).toEqual([]);
    await redis.set(queue.keys.electionLock, queue.leader);
    await queue.run('resignLeadership', { caller: queue.leader, keys: electionKeys(queue) });
    expect(await neighbours(queue, 'w1')).toEqual([]);
    expect(await redis.hget(queue.keys.control, 'leader')).toBeNull();
  });
});

describe('reportDeath', () => {
  it('lets the leader recover all workers of the process before their leases are over, and no other one', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { node: 'b' });
    await register(queue, 'w2', { node: 'b' });
    await register(queue, 'w3', { process: living });
    await register(queue, 'w4', { on: 'elsewhere' }); // the same id in another pid namespace
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.take('w1');
    await expect(queue.recover('w1', { silentMs: 500 })).rejects.toThrow(TaskStillRunningError);
    expect(await report(queue)).toEqual([2, 0, '']);
    expect(await wakesRecovery(queue)).toBe(true);
    expect(await beats(queue)).toEqual({ w1: '-1', w2: '-1', w3: '0', w4: '0' });
    expect(await queue.recover('w1', { beat: '-1', silentMs: 0 })).toBe(2);
    expect(await queue.recover('w2', { beat: '-1', silentMs: 0 })).toBe(0);
    for (const worker of ['w3', 'w4']) {
      await expect(queue.recover(worker, { beat: '-1', silentMs: 0 })).rejects.toThrow(TaskStillRunningError);
      await expect(queue.recover(worker, { beat: '0', silentMs: 0 })).rejects.toThrow(TaskStillRunningError);
    }
    expect((await soundState(queue)).tags.get('a')).toEqual(['a1', 'a2']);
    expect(await eventsOf(queue, 'recovered')).toHaveLength(2);
  });

  it('changes nothing more when it is repeated, and nothing of a process that is not registered', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    expect(await report(queue, { process: '200:7001' })).toEqual([0, 0, '']);
    expect(await report(queue, { on: 'elsewhere' })).toEqual([0, 0, '']);
    expect(await beats(queue)).toEqual({ w1: '0' });
    expect(await wakesRecovery(queue)).toBe(false);
    await report(queue);
    const before = await beats(queue);
    expect(await report(queue)).toEqual([1, 0, '']);
    expect(await beats(queue)).toEqual(before);
    await queue.recover('w1', { beat: '-1' });
    expect(await report(queue)).toEqual([0, 0, '']);
    expect(await beats(queue)).toEqual({});
  });

  it('is taken back by a heartbeat', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    await report(queue);
    await beat(queue, 'w1');
    await expect(queue.recover('w1', { beat: '-1', silentMs: 0 })).rejects.toThrow(TaskStillRunningError);
    await expect(queue.recover('w1', { beat: '0', silentMs: 0 })).rejects.toThrow(TaskStillRunningError);
  });

  it('that comes when the id is a newer process’s leaves that one alone', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { node: 'a' });
    await queue.recover('w1', { silentMs: 60_000 });
    await register(queue, 'w1', { node: 'a', process: '200:9999' });
    expect(await report(queue)).toEqual([0, 0, '']);
    expect(await beats(queue)).toEqual({ w1: '0' });
    expect(await neighbours(queue, 'w1')).toEqual([]);
  });

  it('that was made before the worker joined again does not hold for the new one', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { node: 'a' });
    await report(queue);
    await queue.recover('w1', { beat: '-1', silentMs: 0 });
    await register(queue, 'w1', { node: 'a', process: living });
    await expect(queue.recover('w1', { beat: '-1', silentMs: 0 })).rejects.toThrow(TaskStillRunningError);
  });

  it.each([
    [
      'of a worker that registered as another process',
      async (queue: Harness) => {
        await register(queue, 'w1', { process: living });
        await redis.hset(queue.keys.processesOf(host), 'w1', dead);
      },
    ],
    [
      'of a worker that does not say who it is',
      async (queue: Harness) => {
        await register(queue, 'w1', { process: '', on: '' });
        await redis.hset(queue.keys.processesOf(host), 'w1', dead);
      },
    ],
    [
      'of a worker on another host',
      async (queue: Harness) => {
        await register(queue, 'w1', { on: 'elsewhere' });
        await redis.hset(queue.keys.processesOf(host), 'w1', dead);
      },
    ],
    [
      'of a worker that there is not',
      async (queue: Harness) => {
        await redis.hset(queue.keys.processesOf(host), 'w9', dead);
      },
    ],
  ])('believes no forged entry %s, and removes it', async (_, forge) => {
    const queue = await newQueue();
    await forge(queue);
    const before = await beats(queue);
    expect(await report(queue)).toEqual([0, 0, '']);
    expect(await beats(queue)).toEqual(before);
    expect(await redis.exists(queue.keys.processesOf(host))).toBe(0);
    expect(await wakesRecovery(queue)).toBe(false);
  });

  it('lets heartbeats, registrations’ ends and recoveries go on with a damaged key of the host', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    await register(queue, 'w2');
    await redis.set(queue.keys.processesOf(host), 'garbage');
    expect(await neighbours(queue, 'w1')).toEqual([]);
    expect(await queue.retire('w1')).toBe(0);
    expect(await queue.recover('w2', { beat: '0', silentMs: 60_000 })).toBe(0);
  });

  it('gives up the lock of that process alone, and wakes a follower', async () => {
    const queue = await newQueue();
    const lockValue = await lead(queue, 'n1', dead);
    await calm(queue);
    expect(await report(queue, { process: living })).toEqual([0, 0, '']);
    expect(await report(queue, { on: 'elsewhere' })).toEqual([0, 0, '']);
    expect(await redis.get(queue.keys.electionLock)).toBe(lockValue);
    expect(await report(queue)).toEqual([0, 0, lockValue]);
    expect(await redis.exists(queue.keys.electionLock, queue.keys.leaderInfo)).toBe(0);
    expect(await redis.zcard(queue.keys.electionVacancy)).toBe(1);
    const next = await lead(queue, 'n2', living);
    expect(Number(next.split(':')[1])).toBeGreaterThan(Number(lockValue.split(':')[1]));
    // Late, and again.
    expect(await report(queue)).toEqual([0, 0, '']);
    expect(await redis.get(queue.keys.electionLock)).toBe(next);
  });

  it.each(['', 'n1', 'n1:1', 'x y z', '  '])('gives up no lock by the garbled record %j', async (record) => {
    const queue = await newQueue();
    await lead(queue, 'n1', dead);
    await redis.hset(queue.keys.control, 'leader', record);
    expect(await report(queue)).toEqual([0, 0, '']);
    expect(await redis.exists(queue.keys.electionLock)).toBe(1);
  });

  describe('by one who has never seen it alive', () => {
    it('asks first, and believes it when there has been no heartbeat by the second report', async () => {
      const queue = await newQueue();
      await register(queue, 'w1', { node: 'a' });
      const lockValue = await lead(queue, 'a', dead);
      await redis.del(markerOf(queue, 'a'));
      expect(await report(queue, { seen: 0 })).toEqual([0, 1, '']);
      expect(await beats(queue)).toEqual({ w1: '0' });
      expect(await redis.zrange(markerOf(queue, 'a'), 0, '-1')).toEqual([`beat:${queue.keys.base}`]);
      expect(await report(queue, { seen: 0 })).toEqual([1, 0, lockValue]);
      expect(await beats(queue)).toEqual({ w1: '-1' });
    });

    it('does not believe it of one that answers', async () => {
      const queue = await newQueue();
      await register(queue, 'w1');
      await report(queue, { seen: 0 });
      await beat(queue, 'w1');
      expect(await report(queue, { seen: 0 })).toEqual([0, 1, '']);
      await beat(queue, 'w1');
      expect(await report(queue, { seen: 0 })).toEqual([0, 1, '']);
      expect(await wakesRecovery(queue)).toBe(false);
    });

    it('does not take the question of another instance for its own', async () => {
      const queue = await newQueue();
      await register(queue, 'w1');
      await report(queue, { seen: 0, by: 'first' });
      expect(await report(queue, { seen: 0, by: 'second' })).toEqual([0, 1, '']);
      expect(await report(queue, { seen: 0, by: 'second' })).toEqual([0, 1, '']);
      expect(await report(queue, { seen: 0, by: 'first' })).toEqual([1, 0, '']);
    });

    it('leaves the lock to a leader without workers, who cannot be asked', async () => {
      const queue = await newQueue();
      await lead(queue, 'n1', dead);
      expect(await report(queue, { seen: 0 })).toEqual([0, 0, '']);
      expect(await report(queue, { seen: 0 })).toEqual([0, 0, '']);
    });
  });

  it('does not need a leader, and works when the next one comes', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    await redis.del(queue.keys.electionLock);
    await report(queue);
    await lead(queue, 'n2', living);
    expect(await queue.recover('w1', { beat: '-1', silentMs: 0 })).toBe(0);
    expect(await isWoken(queue)).toBe(true);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisRefusesWritesError, StaleLeaderError } from '../../../src/errors/errors.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { Harness, processOf, type Taken } from './support/harness.js';
import { soundState } from './support/use-harness.js';

/** A server of its own, because all of it is full. */
let server: OwnServer;
let redis: Redis;

beforeAll(async () => {
  server = await startOwnServer();
  redis = new Redis(server.url);
});

afterAll(async () => {
  await redis.quit();
  await server.stop();
});

const limitMemory = (bytes: number): Promise<unknown> => redis.config('SET', 'maxmemory', bytes);

/** w1 runs a1, has a2 left and tag b as its look-ahead; c1 was added; w2 runs d1. */
async function prepare(): Promise<{ queue: Harness; running: Taken }> {
  const queue = new Harness(redis);
  await queue.elect();
  await queue.register('w1', 'w2');
  await queue.addMany('a', 'a0', 'a1', 'a2');
  await queue.addMany('d', 'd1');
  await queue.dispatch();
  await queue.take('w2');
  const running = await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
  await queue.addMany('b', 'b1', 'b2');
  await queue.dispatch();
  await queue.addMany('c', 'c1');
  return { queue, running: running as Taken };
}

const electionKeys = ({ keys }: Harness): string[] => [
  keys.electionEpoch,
  keys.leaderInfo,
  keys.electionVacancy,
];

/** The process takes the lock, whoever has it. */
async function lead(queue: Harness, node: string): Promise<void> {
  await redis.del(queue.keys.electionLock);
  const args = [60_000, '{"epoch":__EPOCH__}', '', layoutVersion, '', ...processOf(node)];
  const call = { caller: node, keys: electionKeys(queue), args };
  const [, lockValue] = (await queue.run('acquireLeadership', call)) as [number, string];
  queue.leader = lockValue;
}

type Call = (queue: Harness, running: Taken) => Promise<unknown>;

const calls: Record<string, Call> = {
  takeTask: (queue) => queue.take('w1', 'another token'),
  commitTask: (queue, running) => queue.commit('w1', running, { fetchNext: true }),
  commitTasks: (queue, running) => queue.complete([{ worker: 'w1', task: running, fetchNext: true }]),
  'commitTasks whose reply was lost': async (queue, running) => {
    await queue.complete([{ worker: 'w1', task: running }]);
    return queue.complete([{ worker: 'w1', task: running, fetchNext: true }]);
  },
  'commitTask without a lock': async (queue, running) => {
    await redis.del(`${queue.job(running.id)}:lock`);
    return queue.commit('w1', running, { fetchNext: true });
  },
  'commitTask whose reply was lost': async (queue, running) => {
    await queue.commit('w1', running);
    return queue.commit('w1', running, { fetchNext: true });
  },
  'commitTask under a rate limit': async (queue, running) => {
    await limitMemory(0);
    await redis.hset(queue.list('meta'), 'max', 5, 'duration', 1_000);
    await queue.commit('w1', running);
    await limitMemory(1);
    return queue.take('w1');
  },
  retryTask: (queue, running) => queue.retry('w1', running, { delayMs: 1_000, fetchNext: true }),
  delayTask: (queue, running) => queue.delay('w1', running, { delayMs: 1_000, fetchNext: true }),
  'delayTask without a lock': async (queue, running) => {
    await redis.del(`${queue.job(running.id)}:lock`);
    return queue.delay('w1', running, { delayMs: 1_000, fetchNext: true });
  },
  'awaitChildren without a lock': async (queue, running) => {
    await limitMemory(0);
    await redis.sadd(`${queue.job(running.id)}:dependencies`, 'a:child');
    await limitMemory(1);
    await redis.del(`${queue.job(running.id)}:lock`);
    const { keys, args } = queue.bull.waitingForChildren(running.id, running.token);
    expect(await queue.run('awaitChildren', { caller: 'w1', keys, args: [running.attempt, ...args] })).toBe(
      0,
    );
    await limitMemory(0);
    await redis.rename(queue.list('waiting-children'), queue.list('delayed'));
  },
  dispatch: (queue) => queue.dispatch(),
  setLimits: (queue) => queue.setLimits(2),
  recoverWorker: (queue) => queue.recover('w1'),
  retireWorker: (queue) => queue.retire('w1'),
  leaveWorker: (queue) => queue.run('leaveWorker', { caller: 'w1' }),
  registerWorker: (queue) => queue.register('w3'),
  beat: (queue) => queue.run('beat', { caller: 'node', args: ['w1', 1, '{"longer":"entry"}'] }),
  cancelTask: (queue) => queue.run('cancelTask', { args: ['a1'] }),
  pauseTag: (queue) => queue.pauseTag('a'),
  purgeTag: (queue) => queue.purgeTag('b'),
  removeTask: (queue) => queue.remove('b1'),
  drainIndexed: (queue) => queue.run('drainIndexed', { args: [0, 10, 'all'] }),
  expireIndexed: (queue) => queue.run('expireIndexed', { args: [0, 10, Date.now() + 1_000] }),
  renewLeadership: (queue) =>
    queue.run('renewLeadership', {
      caller: queue.leader,
      keys: electionKeys(queue).slice(0, 2),
      args: [60_000, '{}'],
    }),
  resignLeadership: (queue) =>
    queue.run('resignLeadership', { caller: queue.leader, keys: electionKeys(queue) }),
  'acquireLeadership of a free lock': (queue) => lead(queue, 'n2'),
  reportLeaderless: async (queue) => {
    await redis.del(queue.keys.electionLock);
    return queue.run('reportLeaderless', { caller: 'n2' });
  },
  reportDeath: async (queue) => {
    await limitMemory(0);
    await queue.registerVisibly('w4');
    await lead(queue, 'w4');
    await limitMemory(1);
    expect(await queue.reportDeath('w4')).toEqual([1, 0, queue.leader]);
    expect(await redis.zrange(queue.keys.deaths, 0, '-1')).toEqual([processOf('w4')[1]]);
  },
  'reportDeath by one that has not seen it alive': async (queue) => {
    await limitMemory(0);
    await queue.registerVisibly('w4');
    await limitMemory(1);
    expect(await queue.reportDeath('w4', { seen: 0 })).toEqual([0, 1, '']);
    expect(await queue.reportDeath('w4', { seen: 0 })).toEqual([1, 0, '']);
  },
  resumeQueue: (queue) => queue.resumeQueue(),
  'the refusal of a former leader': async (queue) => {
    await expect(queue.dispatch({ leader: 'former:1' })).rejects.toThrow(StaleLeaderError);
  },
};

describe('a Redis that is full', () => {
  it('refuses what is added', async () => {
    const { queue } = await prepare();
    await limitMemory(1);
    const before = await queue.snapshot();
    await expect(redis.hset(queue.job('new1'), 'name', 'type')).rejects.toThrow('OOM');
    const task = (id: string) => [1, id, 'a', '{"identifyTag":"a"}'];
    const args = [1, 'type', '{"attempts":3}', Date.now(), ...task('new1'), ...task('new2')];
    const refused = queue.run('addTasks', { args });
    await expect(refused).rejects.toBeInstanceOf(RedisRefusesWritesError);
    await expect(refused).rejects.toMatchObject({ details: { command: 'addTasks', reply: 'OOM' } });
    await limitMemory(0);
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each(Object.keys(calls))('lets tasks end, leases last and room be made: %s', async (name) => {
    const { queue, running } = await prepare();
    await limitMemory(1);
    try {
      await calls[name]!(queue, running);
    } finally {
      await limitMemory(0);
    }
    await soundState(queue);
  });
});

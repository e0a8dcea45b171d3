import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisRefusesWritesError, StaleLeaderError } from '../../../src/errors/errors.js';
import { luaSources } from '../../../src/redis/generated/lua-sources.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { Harness, processOf, type Taken } from './support/harness.js';
import { advance, removeSchedule, upsert } from './support/schedule-calls.js';
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

const hourMs = 3_600_000;

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
  awaitChildren: async (queue, running) => {
    await limitMemory(0);
    await redis.sadd(`${queue.job(running.id)}:dependencies`, 'a:child');
    await limitMemory(1);
    const { keys, args } = queue.bull.waitingForChildren(running.id, running.token);
    expect(await queue.run('awaitChildren', { caller: 'w1', keys, args: [running.attempt, ...args] })).toBe(
      0,
    );
    await limitMemory(0);
    await redis.rename(queue.list('waiting-children'), queue.list('delayed'));
  },
  buryTask: async (queue, { id, attempt, token }) => {
    const args = [attempt, token, 1, 1, id, 'no script can', 1_000];
    expect(await queue.run('buryTask', { caller: 'w1', args })).not.toBe(0);
    expect(await redis.zscore(queue.list('failed'), id)).not.toBeNull();
  },
  advanceScheduler: async (queue) => {
    await limitMemory(0);
    const [id] = (await upsert(queue, { every: hourMs })) as [string];
    await limitMemory(1);
    expect(await advance(queue, 'w1', id)).toEqual(expect.stringMatching(/^repeat:s:/));
  },
  upsertScheduler: async (queue) => {
    await limitMemory(0);
    await upsert(queue, { every: hourMs });
    await limitMemory(1);
    await upsert(queue, { every: 2 * hourMs });
    expect(await redis.hget(queue.list('repeat:s'), 'every')).toBe(String(2 * hourMs));
  },
  removeScheduler: async (queue) => {
    await limitMemory(0);
    await upsert(queue, { every: hourMs });
    await limitMemory(1);
    expect(await removeSchedule(queue)).toBe(0);
  },
  removeWaitingChildren: async (queue) => {
    await limitMemory(0);
    await redis.sadd(`${queue.job('d1')}:dependencies`, queue.job('b2'));
    await limitMemory(1);
    const keys = [queue.job('d1'), queue.list('meta')];
    await queue.run('removeWaitingChildren', { keys, args: [queue.keys.base, 'd1'] });
    expect(await redis.exists(queue.job('b2'))).toBe(0);
  },
  resumeTag: async (queue) => {
    await queue.pauseTag('b');
    expect(await queue.resumeTag('b')).toBe(1);
  },
  obliterateIndexed: async (queue) => {
    await queue.pauseTag('b');
    expect(await queue.run('obliterateIndexed', { args: ['finish', '1'] })).toBe(0);
  },
  retryFailedTask: async (queue) => {
    await queue.commit('w2', await queue.take('w2'), { failed: true });
    expect(await queue.run('retryFailedTask', { args: ['d1'] })).toBe(1);
  },
  requestResignation: async (queue) => {
    expect(await queue.run('requestResignation', { args: [''] })).toBe(queue.leader);
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

const data = '{"identifyTag":"a","payload":"new"}';

/** What is written beside the course of a task, and can be written again: why it is refused. */
const refused: Record<string, { readonly why: string; readonly call: Call }> = {
  addTasks: {
    why: 'it takes memory, and nothing that is there waits for it',
    call: (queue) => {
      const task = (id: string) => [1, id, 'a', data];
      const args = ['', 1, 1, 'type', '{"attempts":3}', Date.now(), ...task('new1'), ...task('new2')];
      return queue.run('addTasks', { args });
    },
  },
  wakeLeader: {
    why: 'it follows a write that is refused too, and the leader looks by itself within the schedulerInterval',
    call: (queue) => queue.run('wakeLeader'),
  },
  'upsertScheduler of a new schedule': {
    why: 'it adds a task',
    call: (queue) => upsert(queue, { every: hourMs }),
  },
  changeTaskData: {
    why: 'it takes memory; the task runs with the data that it has',
    call: (queue) => queue.run('changeTaskData', { keys: [queue.job('a2')], args: [data, 'a2', 'a'] }),
  },
  updateTaskData: {
    why: 'it takes memory; the handler is told',
    call: (queue, { attempt, id }) =>
      queue.run('updateTaskData', { caller: 'w1', keys: [queue.job(id)], args: [attempt, id, data, 'a'] }),
  },
  updateTaskProgress: {
    why: 'it takes memory; the handler is told',
    call: (queue, { attempt, id }) => {
      const keys = [queue.job(id), queue.list('events'), queue.list('meta')];
      return queue.run('updateTaskProgress', { caller: 'w1', keys, args: [attempt, id, id, '{"done":5}'] });
    },
  },
  addTaskLog: {
    why: 'it takes memory; the handler is told',
    call: (queue, { attempt, id }) => {
      const keys = [queue.job(id), `${queue.job(id)}:logs`];
      return queue.run('addTaskLog', { caller: 'w1', keys, args: [attempt, id, id, 'a line', 2] });
    },
  },
};

/** They write nothing. */
const reading = /^(?:get[A-Z]|explainTask$)/;

it('every script runs whole on a full Redis, or is refused there for a reason, or only reads', () => {
  const wholly = Object.keys(calls).map((title) => title.split(' ')[0]!);
  const mutating = Object.keys(luaSources).filter((name) => !reading.test(name));
  const known = new Set([...wholly, ...Object.keys(refused)].filter((name) => name in luaSources));
  expect([...known].sort()).toEqual(mutating.sort());
  expect(Object.keys(refused).filter((name) => wholly.includes(name))).toEqual([]);
});

describe('a Redis that is full', () => {
  it.each(Object.keys(refused))('refuses what is added or changed, whole: %s', async (name) => {
    const { queue, running } = await prepare();
    await limitMemory(1);
    try {
      const before = await queue.snapshot();
      const reply = refused[name]!.call(queue, running);
      await expect(reply).rejects.toBeInstanceOf(RedisRefusesWritesError);
      await expect(reply).rejects.toMatchObject({ details: { command: name.split(' ')[0], reply: 'OOM' } });
      expect(await queue.snapshot()).toEqual(before);
    } finally {
      await limitMemory(0);
    }
    await refused[name]!.call(queue, running);
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

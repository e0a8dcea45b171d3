import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { CommandTimeoutError, type QueueService } from '../../../src/index.js';
import { queueKeys } from '../../../src/redis/queue-keys.js';
import { QueueScripts } from '../../../src/redis/queue-scripts.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { closeAll, startInstance, type TestInstance } from '../../support/app.js';
import {
  closeProxies,
  FaultProxy,
  healProxies,
  type Command,
  type Fault,
  type FaultKind,
} from '../../support/proxy/fault-proxy.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { connect, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { Life, type FaultyCommand, type Stage } from './support/life.js';

let redis: Redis;
beforeAll(async () => {
  redis = connect();
  // Else the first EVALSHA of each script is answered by NOSCRIPT, and losing that loses nothing.
  for (const { lua } of Object.values(composeScripts())) await redis.script('LOAD', lua);
});
afterEach(async () => {
  healProxies();
  await closeAll();
  await closeProxies();
});
afterAll(() => {
  redis.disconnect();
});

const script = (stage: Stage, name: string): FaultyCommand => ({
  name,
  stage,
  matches: (command) => command.name === name,
});
const wait = (name: string, command: string, keySuffix: string): FaultyCommand => ({
  name,
  stage: 'work',
  matches: (sent) => sent.name === command && sent.words.some((word) => word.endsWith(keySuffix)),
});

/** Everything that a worker and a leader send while nobody dies. */
const ofInstances: readonly FaultyCommand[] = [
  script('start', 'registerWorker'),
  script('start', 'acquireLeadership'),
  script('start', 'setLimits'),
  script('work', 'dispatch'),
  script('work', 'takeTask'),
  script('work', 'commitTasks'),
  script('work', 'commitTask'),
  script('work', 'retryTask'),
  script('work', 'delayTask'),
  script('work', 'updateTaskProgress'),
  script('work', 'updateTaskData'),
  script('work', 'addTaskLog'),
  script('work', 'beat'),
  script('work', 'renewLeadership'),
  script('stop', 'leaveWorker'),
  script('stop', 'retireWorker'),
  script('stop', 'resignLeadership'),
];
const reads: readonly FaultyCommand[] = [
  script('work', 'hgetall'),
  wait('the wait of the workers', 'bzpopmin', ':wake'),
  wait('the wait of the leader', 'bzpopmin', ':marker'),
];

const lifeKinds: readonly (readonly [what: string, kind: FaultKind, commands: readonly FaultyCommand[]])[] = [
  ['whose reply is lost with the connection', 'drop-reply', [...ofInstances, ...reads]],
  ['that is lost with the connection', 'drop-request', [...ofInstances, ...reads]],
  ['whose reply comes after commandTimeout', 'hold-reply', [...ofInstances, ...reads]],
  ['that arrives a second time, late', 'arrive-late', ofInstances],
];

describe.each(lifeKinds)('any one command of an instance %s', (_what, kind, commands) => {
  it('loses nothing, doubles nothing and stops nothing', async () => {
    const failures: unknown[] = [];
    const waiting = [...commands];
    const liveOn = async (): Promise<void> => {
      for (let command = waiting.shift(); command; command = waiting.shift()) {
        await new Life(redis, kind, command).live().catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all([liveOn(), liveOn(), liveOn(), liveOn()]);
    expect(failures).toEqual([]);
  });
});

const commandTimeout = 200;
const kinds: readonly FaultKind[] = ['drop-reply', 'drop-request', 'hold-reply', 'arrive-late'];

interface Setting {
  readonly name: string;
  readonly proxy: FaultProxy;
  /** Of an instance behind the proxy that only adds and steers. */
  readonly queue: QueueService;
}

async function withProxy(kind: FaultKind, run: (setting: Setting) => Promise<void>): Promise<void> {
  const name = uniqueName();
  const proxy = await FaultProxy.start();
  const redisOptions = { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout }) };
  const instance = await startInstance({ name, role: 'PRODUCER', redisOptions });
  await run({ name, proxy, queue: instance.queue });
  await instance.close();
  await proxy.close();
}

function releasedLater(fault: Fault): Fault {
  void fault.happened.then(() => setTimeout(() => void fault.release(), 2 * commandTimeout));
  return fault;
}

/** Does it while one command of that name meets the fault; again if the application is told that it did not work. */
async function through<T>(
  proxy: FaultProxy,
  kind: FaultKind,
  command: string,
  act: () => Promise<T>,
): Promise<T> {
  const fault = releasedLater(proxy.plan(kind, command));
  const result = await act().catch(async (error: unknown) => {
    if (kind === 'hold-reply') expect(error).toBeInstanceOf(CommandTimeoutError);
    await fault.release();
    return untilAnswered(act);
  });
  expect(fault.hasHappened).toBe(true);
  await fault.release();
  return result;
}

/** On a busy machine Redis may seem not to answer once more. */
async function untilAnswered<T>(act: () => Promise<T>, attempts = 20): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CommandTimeoutError) || attempts === 1) throw error;
    return untilAnswered(act, attempts - 1);
  }
}

async function startWorker(
  name: string,
  recorder: Recorder,
  body?: Parameters<Recorder['handler']>[0],
): Promise<TestInstance> {
  return startInstance({ name, workerOptions: { shutdownTimeout: 1_000 } }, (workers) => {
    workers.registerHandler('note', recorder.handler(body));
  });
}

const note = (n: number, options?: { delay?: number; attempts?: number; jobId?: string }) => ({
  type: 'note',
  identifyTag: 't',
  payload: n,
  ...(options && { options }),
});

describe.each(kinds)('adding, with a fault (%s)', (kind) => {
  it.each([
    ['one task', 'addTasks', {}],
    ['a delayed task', 'addDelayedJob', { delay: 10 }],
  ])('of %s adds it once', async (_what, command, options) => {
    await withProxy(kind, async ({ name, proxy, queue }) => {
      await through(proxy, kind, command, () => queue.add(note(1), { ...options, jobId: 'one' }));
      const recorder = new Recorder();
      const worker = await startWorker(name, recorder);
      await worker.queue.waitUntilFinished('one', 5_000);
      expect(recorder.payloads('t')).toEqual([1]);
      expect(await worker.queue.getQueueStats()).toMatchObject({ completed: 1, waiting: 0, delayed: 0 });
    });
  });

  it('of many tasks adds each once, in order, whichever part of them it meets', async () => {
    await withProxy(kind, async ({ name, proxy, queue }) => {
      const expected: string[] = [];
      for (const skipped of [0, 1, 2]) {
        let adds = 0;
        const isMeant = (sent: Command) => sent.name === 'addTasks' && adds++ === skipped;
        const fault = releasedLater(proxy.plan(kind, isMeant));
        const ids = upTo(450).map((n) => `task-${skipped}-${n}`);
        const tasks = ids.map((jobId, n) => note(n, { jobId }));
        await queue.addBulk(tasks).catch(async () => {
          await fault.release();
          return untilAnswered(() => queue.addBulk(tasks));
        });
        expect(fault.hasHappened).toBe(true);
        await fault.release();
        expected.push(...ids);
      }
      expect(await redis.zrange(`bull:${name}-pending:aff:seq`, 0, '-1')).toEqual(expected);
      const list = `bull:${name}-pending:aff:tag:t`;
      expect((await redis.lrange(list, 0, -1)).reverse()).toEqual(expected);
    });
  });
});

describe('adding without an id', () => {
  it.each(['drop-reply', 'drop-request', 'arrive-late'] as const)(
    'adds many tasks once, in their order, whichever script meets a fault (%s)',
    async (kind) => {
      await withProxy(kind, async ({ name, proxy, queue }) => {
        const ids: unknown[] = [];
        const addMany = async () => {
          const jobs = await queue.addBulk(upTo(650).map((n) => note(n)));
          ids.push(...jobs.map(({ id }) => id));
        };
        await addMany();
        for (const skipped of [0, 1, 2]) {
          let adds = 0;
          const isMeant = (sent: Command) => sent.name === 'addTasks' && adds++ === skipped;
          const fault = releasedLater(proxy.plan(kind, isMeant));
          await addMany();
          expect(fault.hasHappened).toBe(true);
          await addMany();
          await fault.release();
        }
        await addMany();
        const key = (suffix: string) => `bull:${name}-pending:aff:${suffix}`;
        expect(await redis.zrange(key('seq'), 0, '-1')).toEqual(ids);
        expect((await redis.lrange(key('tag:t'), 0, -1)).reverse()).toEqual(ids);
      });
    },
  );

  it('adds each task once, though every reply is lost and every add sent again', async () => {
    await withProxy('drop-reply', async ({ name, proxy, queue }) => {
      const ids: unknown[] = [];
      for (const n of upTo(10)) {
        const fault = proxy.plan('drop-reply', 'addTasks');
        ids.push((await queue.add(note(n))).id);
        expect(fault.hasHappened).toBe(true);
      }
      expect(await redis.zrange(`bull:${name}-pending:aff:seq`, 0, '-1')).toEqual(ids);
      expect(await queue.getQueueStats()).toMatchObject({ waiting: ids.length });
    });
  });
});

describe.each(kinds)('steering, with a fault (%s)', (kind) => {
  it('pauses, resumes and purges a tag', async () => {
    await withProxy(kind, async ({ proxy, queue }) => {
      await queue.addBulk(upTo(3).map((n) => note(n)));
      await through(proxy, kind, 'pauseTag', () => queue.pauseTag('t'));
      expect(await queue.getTagStats('t')).toMatchObject({ paused: true });
      await through(proxy, kind, 'resumeTag', () => queue.resumeTag('t'));
      expect(await queue.getTagStats('t')).toMatchObject({ paused: false });
      await through(proxy, kind, 'purgeTag', () => queue.purgeTag('t'));
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 0 });
    });
  });

  it('pauses and resumes the queue', async () => {
    await withProxy(kind, async ({ proxy, queue }) => {
      await through(proxy, kind, 'pause', () => queue.pause());
      expect(await queue.getQueueStats()).toMatchObject({ paused: true });
      await through(proxy, kind, 'resumeQueue', () => queue.resume());
      expect(await queue.getQueueStats()).toMatchObject({ paused: false });
    });
  });

  it('removes a task, cancels one and retries failed ones', async () => {
    await withProxy(kind, async ({ name, proxy, queue }) => {
      const recorder = new Recorder();
      const worker = await startWorker(name, recorder, async (n, { signal }) => {
        const isFirst = recorder.payloads('t').filter((other) => other === n).length === 1;
        if (isFirst && n === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (isFirst) throw new Error('the first time');
      });
      await queue.addBulk([
        note(1, { jobId: 'one' }),
        note(2, { jobId: 'two', attempts: 1 }),
        note(3, { jobId: 'three' }),
      ]);
      await until('the first one runs', () => recorder.runs.length === 1);
      await through(proxy, kind, 'removeTask', () => queue.remove('three'));
      expect(await queue.getJob('three')).toBeUndefined();
      await through(proxy, kind, 'cancelTask', () => queue.cancel('one'));
      await until('both have failed', async () => (await queue.getQueueStats()).failed === 2);
      await through(proxy, kind, 'retryFailedTask', () =>
        queue.retryFailed({ type: 'note', identifyTag: 't' }),
      );
      await worker.queue.waitUntilFinished('two', 5_000);
      expect(recorder.payloads('t')).toEqual([1, 2, 1, 2]);
      await worker.close();
    });
  });
});

describe.each(kinds)('a schedule, with a fault (%s)', (kind) => {
  const scheduled = { type: 'note', identifyTag: 't', payload: 1 };

  it('is set, changed and removed once', async () => {
    await withProxy(kind, async ({ proxy, queue }) => {
      const set = (minutes: number) =>
        through(proxy, kind, 'upsertScheduler', () =>
          queue.schedule('s', { cron: `${minutes} 0 1 1 *` }, scheduled),
        );
      const first = await set(1);
      expect(await set(1)).toEqual(first);
      const second = await set(2);
      expect(second.next! - first.next!).toBe(60_000);
      expect(await queue.getSchedules()).toEqual([second]);
      expect(await queue.getQueueStats()).toMatchObject({ delayed: 1, waiting: 0 });
      await through(proxy, kind, 'removeScheduler', () => queue.unschedule('s'));
      expect(await queue.getSchedules()).toEqual([]);
      expect(await queue.getQueueStats()).toMatchObject({ delayed: 0, waiting: 0 });
    });
  });

  it('makes each of its tasks once', async () => {
    const [name, recorder] = [uniqueName(), new Recorder()];
    const proxy = await FaultProxy.start();
    const redisOptions = { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout }) };
    const instance = await startInstance({ name, redisOptions }, (workers) => {
      workers.registerHandler('note', recorder.handler());
    });
    const producer = await startInstance({ name, role: 'PRODUCER' });
    const fault = releasedLater(proxy.plan(kind, 'advanceScheduler'));
    await producer.queue.schedule('s', { every: 300, limit: 3 }, scheduled);
    await until('it has ended', async () => (await producer.queue.getQueueStats()).completed === 3, {
      timeoutMs: 15_000,
    });
    expect(fault.hasHappened).toBe(true);
    await fault.release();
    expect(recorder.runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(new Set(recorder.runs.map(({ jobId }) => jobId)).size).toBe(3);
    expect(await producer.queue.getSchedule('s')).toMatchObject({ runs: 3, next: null });
    expect(await producer.queue.getQueueStats()).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
    await instance.close();
    await proxy.close();
  });
});

describe('what is sent seldom, with a fault', () => {
  it('a take is sent again as soon as it is given up, not at the next heartbeat', async () => {
    const [name, recorder] = [uniqueName(), new Recorder()];
    const proxy = await FaultProxy.start();
    const worker = await startInstance(
      {
        name,
        redisOptions: { url: proxy.url, commandTimeout },
        electionOptions: { electionLockTtl: 60_000, heartbeatInterval: 20_000, heartbeatTimeout: 60_000 },
      },
      (workers) => {
        workers.registerHandler('note', recorder.handler());
      },
    );
    await until('it has asked for a task in vain', () => proxy.seen.includes('takeTask'));
    const fault = releasedLater(proxy.plan('hold-reply', 'takeTask'));
    const producer = await startInstance({ name, role: 'PRODUCER' });
    await producer.queue.waitUntilFinished(await producer.queue.add(note(1)), 5_000);
    expect(fault.hasHappened).toBe(true);
    expect(recorder.payloads('t')).toEqual([1]);
    await worker.close();
    await proxy.close();
  });

  it('a cancellation that got lost on its way is told again', async () => {
    const [name, recorder] = [uniqueName(), new Recorder()];
    const proxy = await FaultProxy.start();
    const redisOptions = { url: proxy.url };
    const worker = await startInstance({ name, redisOptions }, (workers) => {
      const untilAborted = recorder.handler(async (_n, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        signal.throwIfAborted();
      });
      workers.registerHandler('note', untilAborted);
    });
    await worker.queue.add(note(1), { jobId: 'one' });
    await until('it runs', () => recorder.runs.length === 1);
    const { workerId } = recorder.runs[0]!;
    const marker = (await redis.hget(`bull:${name}-worker-${workerId}:meta`, 'marker'))!;
    // What BZPOPMIN has popped is gone when its reply is. The worker sends the next one when it has been woken.
    const lost = proxy.plan('drop-reply', (sent) => sent.name === 'bzpopmin' && sent.words.includes(marker));
    await redis.zadd(marker, 0, workerId);
    await lost.happened;
    expect(await worker.queue.cancel('one')).toBe('aborted');
    await until('it has failed', async () => (await worker.queue.getQueueStats()).failed === 1);
    expect(recorder.runs).toHaveLength(1);
    await worker.close();
    await proxy.close();
  });

  it('a dead worker is recovered once', async () => {
    await Promise.all(kinds.map((kind) => recoverGhost(kind)));
  });

  it('a worker whose process was seen dead is recovered once', async () => {
    await Promise.all(kinds.map((kind) => reportGhost(kind)));
  });

  it('the lack of a leader is told once', async () => {
    await Promise.all(
      kinds.map(async (kind) => {
        const name = uniqueName();
        const proxy = await FaultProxy.start();
        const fault = releasedLater(proxy.plan(kind, 'reportLeaderless'));
        const worker = await startInstance({
          name,
          role: 'WORKER',
          redisOptions: { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout }) },
          electionOptions: { electionLockTtl: 100, heartbeatInterval: 50, heartbeatTimeout: 8_000 },
        });
        const asked = () => proxy.seen.filter((command) => command === 'reportLeaderless').length;
        await until('it has asked again and again', () => fault.hasHappened && asked() > 5);
        await fault.release();
        const events = await redis.xrange(`bull:${name}-pending:events`, '-', '+');
        expect(events.filter(([, fields]) => fields.includes('leaderless'))).toHaveLength(1);
        await worker.close();
        await proxy.close();
      }),
    );
  });
});

/** A process that registered a worker, and that nobody has ever seen. */
async function reportGhost(kind: FaultKind): Promise<void> {
  const name = uniqueName();
  const proxy = await FaultProxy.start();
  const electionOptions = { electionLockTtl: 60_000, heartbeatInterval: 20_000, heartbeatTimeout: 60_000 };
  const redisOptions = { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout }) };
  const start = (role: 'SCHEDULER' | 'WORKER'): Promise<TestInstance> =>
    startInstance({ name, role, redisOptions, electionOptions });
  const [leader, worker] = [await start('SCHEDULER'), await start('WORKER')];
  const fault = releasedLater(proxy.plan(kind, 'reportDeath'));
  const keys = queueKeys({
    pendingQueueName: `${name}-pending`,
    workerQueuePrefix: `${name}-worker`,
    workerStatePrefix: `${name}-state`,
  });
  const own = await until('the worker has said who it is', async () => {
    const [host, process] = await redis.hmget(
      keys.workerMeta(`${worker.election.nodeId}-1`),
      'host',
      'process',
    );
    return host && process ? { host, process } : undefined;
  });
  const scripts = new QueueScripts(new ScriptRunner(redis, 5_000, composeScripts()), keys);
  const ghost = 'ghost-1';
  const args = [keys.layout, 'ghost', `${name}-marker`, keys.workerState(ghost), '{}', 60_000];
  await scripts.run('registerWorker', { caller: ghost, args: [...args, own.host, `${own.process}1`] });
  await until('the report has met the fault', () => fault.hasHappened);
  await until('the ghost is gone', async () => (await redis.hexists(keys.workerRegistry, ghost)) === 0);
  await fault.release();
  const events = await redis.xrange(`${keys.base}events`, '-', '+');
  const recoveries = events.filter(([, fields]) => fields.includes('recovered'));
  expect(recoveries.map(([, fields]) => fields.includes(ghost))).toEqual([true]);
  expect(await redis.hkeys(keys.workerRegistry)).toEqual([`${worker.election.nodeId}-1`]);
  await Promise.all([leader.close(), worker.close()]);
  await proxy.close();
}

async function recoverGhost(kind: FaultKind): Promise<void> {
  const name = uniqueName();
  const proxy = await FaultProxy.start();
  const electionOptions = { electionLockTtl: 8_000, heartbeatInterval: 100, heartbeatTimeout: 800 };
  const leader = await startInstance({
    name,
    role: 'SCHEDULER',
    redisOptions: { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout }) },
    electionOptions,
  });
  const fault = releasedLater(proxy.plan(kind, 'recoverWorker'));
  // A worker that registers and then does nothing, ever.
  const keys = queueKeys({
    pendingQueueName: `${name}-pending`,
    workerQueuePrefix: `${name}-worker`,
    workerStatePrefix: `${name}-state`,
  });
  const scripts = new QueueScripts(new ScriptRunner(redis, 5_000, composeScripts()), keys);
  const ghost = 'ghost-1';
  const args = [keys.layout, 'ghost', `${name}-marker`, keys.workerState(ghost), '{}', 800];
  await scripts.run('registerWorker', { caller: ghost, args });
  const producer = await startInstance({ name, role: 'PRODUCER' });
  const jobs = await producer.queue.addBulk(upTo(3).map((n) => note(n)));
  await until('it holds them', async () => (await redis.llen(`${keys.workerBase}${ghost}:wait`)) === 3);
  await until('it is declared dead', () => fault.hasHappened);

  const recorder = new Recorder();
  await startInstance({ name, role: 'WORKER', electionOptions }, (workers) => {
    workers.registerHandler('note', recorder.handler());
  });
  await Promise.all(jobs.map((job) => producer.queue.waitUntilFinished(job, 10_000)));
  await fault.release();
  expect(recorder.payloads('t')).toEqual([0, 1, 2]);
  const events = await redis.xrange(`${keys.base}events`, '-', '+');
  expect(events.filter(([, fields]) => fields.includes('recovered') && fields.includes(ghost))).toHaveLength(
    1,
  );
  await leader.close();
  await proxy.close();
}

it("every script is here, or changes nothing, or is left to BullMQ's conformance test", () => {
  const steering = [
    'pauseTag',
    'resumeTag',
    'purgeTag',
    'resumeQueue',
    'removeTask',
    'cancelTask',
    'retryFailedTask',
  ];
  const adding = ['addTasks'];
  const scheduling = ['upsertScheduler', 'advanceScheduler', 'removeScheduler'];
  const seldom = ['recoverWorker', 'reportDeath', 'reportLeaderless'];
  const changingNothing = [
    ...[
      'explainTask',
      'getFailedTasks',
      'getHealth',
      'getTags',
      'getWorkerDetails',
      'getQueueStats',
      'getSchedules',
      'getTagStats',
      'getTaskCounts',
      'getTaskState',
      'getWaitingTasks',
    ],
    ...['getFailures', 'getOverview', 'getRecentEvents'],
    'wakeLeader',
    'requestResignation',
  ];
  // Of the BullMQ queue, for BullMQ's own API.
  const ofBullMQ = [
    ...['awaitChildren', 'changeTaskData', 'drainIndexed', 'expireIndexed', 'obliterateIndexed'],
    'removeWaitingChildren',
  ];
  // For a task whose hash is damaged; that it may be repeated is held in integration/scripts/commit.spec.ts.
  const ofDamage = ['buryTask'];
  const known = [
    ...ofInstances.map(({ name }) => name),
    ...adding,
    ...scheduling,
    ...steering,
    ...seldom,
    ...changingNothing,
    ...ofBullMQ,
    ...ofDamage,
  ];
  expect(Object.keys(composeScripts()).sort()).toEqual(known.sort());
});

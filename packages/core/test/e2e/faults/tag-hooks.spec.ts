import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { QueueModuleOptions, TagHooks, TaskContext } from '../../../src/index.js';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { closeAll, startInstance, type TestInstance } from '../../support/app.js';
import { calmElection } from '../../support/calm.js';
import { HookLedger } from '../../support/hook-ledger.js';
import { closeProxies, FaultProxy, healProxies, type FaultKind } from '../../support/proxy/fault-proxy.js';
import { upTo } from '../../support/recorder.js';
import { connect, uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

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

interface Given extends QueueModuleOptions {
  readonly name: string;
  readonly ledger: HookLedger;
  readonly body?: (payload: any, context: TaskContext) => unknown;
  readonly around?: TagHooks;
}

function start({ name, ledger, body = () => undefined, around, ...options }: Given): Promise<TestInstance> {
  const electionOptions = { ...calmElection, ...options.electionOptions };
  return startInstance({ name, ...options, electionOptions }, (workers) => {
    workers.registerTagHooks(ledger.hooks(around));
    workers.registerHandler('note', ledger.handler(body));
  });
}

const note = (identifyTag: string, payload: unknown, options = {}) => ({
  type: 'note',
  identifyTag,
  payload,
  options,
});

/** For a machine that has other things to do. */
const patiently = { timeoutMs: 25_000 };

const registryOf = (name: string): string => `scheduler:${name}-pending:worker:registry`;

/** From now on Redis does not know this worker any more. */
async function strike(name: string, workerId: string): Promise<void> {
  expect(await redis.hdel(registryOf(name), workerId)).toBe(1);
}

/** The tag of a worker that Redis does not know any more may be bound to another one before its release hook has run. */
const settled = async (ledger: HookLedger, struckWorker = 'nobody'): Promise<void> => {
  await until('all that was bound is released', () => ledger.open.length === 0, patiently);
  expect(ledger.problems.filter((problem) => !problem.includes(struckWorker))).toEqual([]);
  expect(ledger.count('released')).toBe(ledger.count('bound'));
};

describe('the hooks of a worker that loses its lease', () => {
  it.each(['minds its signal', 'does not mind its signal'])(
    'release once its handler has ended, which %s',
    async (which) => {
      const [name, ledger, held, running] = [uniqueName(), new HookLedger(), gate(), gate<string>()];
      const isDeaf = which.startsWith('does not');
      const instance = await start({
        name,
        ledger,
        body: async (payload, { signal, workerId, attempt }) => {
          if (payload !== 'hold' || attempt > 1) return;
          running.open(workerId);
          const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
          await (isDeaf ? aborted.then(() => held.promise) : aborted);
        },
        electionOptions: { heartbeatInterval: 50 },
      });
      await instance.queue.addBulk([note('t', 'hold'), note('t', 2)]);
      const workerId = await running.promise;
      await strike(name, workerId);
      await until('another worker joins', () =>
        instance.workers.getWorkerStates().some((state) => state.workerId !== workerId),
      );
      if (isDeaf) {
        expect(ledger.story('t', workerId)).toEqual(['bound', 'begin']);
        held.open();
      }
      await until('both tasks are done', async () => (await instance.queue.getQueueStats()).completed === 2);
      await settled(ledger, workerId);
      expect(ledger.story('t', workerId)).toEqual(['bound', 'begin', 'end', 'released: lost']);
      expect(ledger.reasons).toEqual({ lost: 1, empty: 1 });
    },
  );

  it('release when no heartbeat gets through, and what is left runs elsewhere', async () => {
    const [name, ledger, running] = [uniqueName(), new HookLedger(), gate<string>()];
    const electionOptions = { heartbeatInterval: 150, heartbeatTimeout: 700, electionLockTtl: 700 };
    const proxy = await FaultProxy.start();
    const [cut, leader] = await Promise.all([
      start({
        name,
        ledger,
        role: 'WORKER',
        redisOptions: { url: proxy.url },
        electionOptions,
        body: async (_payload, { signal, workerId, attempt }) => {
          if (attempt > 1) return;
          running.open(workerId);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      }),
      startInstance({ name, role: 'SCHEDULER', electionOptions }),
    ]);
    await leader.queue.add(note('t', 1));
    const workerId = await running.promise;
    const cutOff = proxy.plan('hold-request', 'beat');
    await until('it is released', () => ledger.story('t', workerId).includes('released: lost'));
    const stats = () => leader.queue.getTagStats('t');
    await until('it is declared dead', async () => (await stats()).boundTo.length === 0);
    await cutOff.release();
    await until('it is done', async () => (await leader.queue.getQueueStats()).completed === 1);
    await settled(ledger);
    expect(ledger.story('t', workerId)).toEqual(['bound', 'begin', 'end', 'released: lost']);
    await cut.close();
  });

  it('let no handler begin where it is lost while they open', async () => {
    const [name, ledger, opening, slow] = [uniqueName(), new HookLedger(), gate<string>(), gate()];
    let calls = 0;
    const instance = await start({
      name,
      ledger,
      around: {
        bound: async ({ workerId }) => {
          calls += 1;
          if (calls > 1) return;
          opening.open(workerId);
          await slow.promise;
        },
      },
      electionOptions: { heartbeatInterval: 50 },
    });
    await instance.queue.add(note('t', 1));
    const workerId = await opening.promise;
    await strike(name, workerId);
    await until('another worker joins', () => !instance.workers.getWorkerStates().some(isOf(workerId)));
    slow.open();
    await until('it is done', async () => (await instance.queue.getQueueStats()).completed === 1);
    await settled(ledger, workerId);
    expect(ledger.story('t', workerId)).toEqual(['bound', 'released: lost']);
  });
});

const isOf = (workerId: string) => (state: { workerId: string }) => state.workerId === workerId;

describe('the hooks of an instance that stops', () => {
  it('release before the tag goes elsewhere, also a hook that takes its time', async () => {
    const [name, ledger, closing, slow, running] = [uniqueName(), new HookLedger(), gate(), gate(), gate()];
    const first = await start({
      name,
      ledger,
      workerOptions: { maxBatchSize: 10 },
      body: async (payload, { workerId }) => {
        if (payload !== 0 || !workerId.startsWith(first.election.nodeId)) return;
        running.open();
        await closing.promise;
      },
      around: {
        released: ({ reason }) => (reason === 'shutdown' ? slow.promise : undefined),
      },
    });
    await first.queue.addBulk(upTo(4).map((n) => note('t', n)));
    await running.promise;
    const second = await start({ name, ledger });
    const closed = first.close();
    closing.open();
    await until('its first task is done', async () => (await second.queue.getQueueStats()).completed === 1);
    // The second instance leads and is free; the tag has not left the first one.
    await until('the second one leads', () => second.election.isLeader());
    expect((await second.queue.getTagStats('t')).boundTo).toHaveLength(1);
    slow.open();
    await closed;
    await until('all are done', async () => (await second.queue.getQueueStats()).completed === 4);
    await settled(ledger);
    expect(ledger.reasons).toEqual({ shutdown: 1, empty: 1 });
  });

  it('are not waited for longer than shutdownTimeout, and are called all the same', async () => {
    const [name, ledger, slow] = [uniqueName(), new HookLedger(), gate()];
    const instance = await start({
      name,
      ledger,
      workerOptions: { shutdownTimeout: 100 },
      around: { released: () => slow.promise },
    });
    await instance.queue.waitUntilFinished(await instance.queue.add(note('t', 1)), 5_000);
    await instance.close();
    expect(ledger.open).toHaveLength(1);
    slow.open();
    await settled(ledger);
    expect(ledger.reasons).toEqual({ empty: 1 });
  });
});

describe('with a fault between the worker and Redis', () => {
  const scripts = ['takeTask', 'commitTasks', 'commitTask', 'retryTask', 'delayTask'];
  const faults: readonly FaultKind[] = ['drop-reply', 'drop-request', 'hold-reply', 'arrive-late'];
  const cases = faults.flatMap((kind) => scripts.map((script) => [script, kind] as const));

  it.each(cases)('every batch is bound once and released once: %s, %s', async (script, kind) => {
    const [name, ledger] = [uniqueName(), new HookLedger()];
    const proxy = await FaultProxy.start();
    const instance = await start({
      name,
      ledger,
      workerOptions: { maxBatchSize: 2 },
      redisOptions: { url: proxy.url, ...(kind === 'hold-reply' && { commandTimeout: 200 }) },
      body: (payload, { attempt }) => {
        if (payload === 'fail' || (String(payload).startsWith('again') && attempt === 1))
          throw new Error('no');
      },
      electionOptions: { heartbeatInterval: 100 },
    });
    const producer = await startInstance({ name, role: 'PRODUCER' });
    const fault = proxy.plan(kind, script);
    if (kind === 'hold-reply') void fault.happened.then(() => setTimeout(() => void fault.release(), 400));
    await producer.queue.addBulk([
      ...upTo(5).map((n) => note('t', n)),
      ...['again', 'next', 'again'].map((payload) => note('u', payload, { backoff: 5 })),
      ...['again', 'next'].map((payload) => note('v', payload, { backoff: 5, retryOrder: 'skip' })),
      ...['fail', 'next'].map((payload) => note('w', payload, { attempts: 1 })),
    ]);
    await until(
      'all are done',
      async () => {
        const { completed, failed } = await producer.queue.getQueueStats();
        return completed === 11 && failed === 1;
      },
      patiently,
    );
    await fault.happened;
    await Promise.all([fault.release(), instance.close()]);
    await settled(ledger);
    expect(ledger.count('bound')).toBeGreaterThanOrEqual(3 + 2 + 2 + 1);
    expect(ledger.reasons).toMatchObject({ retry: 2 });
    await producer.close();
    await proxy.close();
  });
});

describe('under churn', () => {
  it('many tags, workers that stop, join and are declared dead: each batch is bound once and released once', async () => {
    const [name, ledger] = [uniqueName(), new HookLedger()];
    const body = async (n: number, { attempt, signal }: TaskContext): Promise<void> => {
      if (n % 4 === 0) await new Promise(setImmediate);
      if (n % 31 === 0) await sleep(20, signal);
      if (n % 7 === 0 && attempt === 1) throw new Error('the first time');
    };
    let binds = 0;
    const around: TagHooks = {
      bound: async () => {
        binds += 1;
        if (binds % 17 === 0) throw new Error('not now');
        if (binds % 3 === 0) await new Promise(setImmediate);
      },
      released: async () => {
        if (binds % 5 === 0) await new Promise(setImmediate);
        if (binds % 11 === 0) throw new Error('cannot close');
      },
    };
    const given: Given = {
      name,
      ledger,
      body,
      around,
      workerOptions: { workerCount: 4, maxBatchSize: 3 },
      electionOptions: { heartbeatInterval: 50 },
    };
    const [first, second] = await Promise.all([start(given), start(given)]);
    const total = 600;
    const add = (from: number, count: number) =>
      first.queue.addBulk(
        upTo(count).map((i) => {
          const n = from + i;
          const retryOrder = n % 2 === 0 ? 'block' : 'skip';
          return note(`t${n % 40}`, n, { attempts: 6, backoff: n % 3, retryOrder });
        }),
      );
    const done = (count: number) =>
      until(`${count} are done`, async () => (await first.queue.getQueueStats()).completed >= count, {
        timeoutMs: 25_000,
      });

    await add(0, 200);
    await done(50);
    const closing = second.close();
    await add(200, 200);
    const third = await start(given);
    await closing;
    for (const target of [250, 300, 350]) {
      await done(target);
      const busy = first.workers.getWorkerStates().find(({ status }) => status === 'running');
      if (busy !== undefined) await redis.hdel(registryOf(name), busy.workerId);
    }
    await add(400, 200);
    await done(total);
    await Promise.all([first.close(), third.close()]);
    await settled(ledger);
    expect(ledger.count('end')).toBe(ledger.count('begin'));
    expect(ledger.count('bound')).toBeGreaterThan(200);
    expect(Object.keys(ledger.reasons)).toEqual(expect.arrayContaining(['empty', 'limit', 'retry']));
  }, 60_000);
});

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

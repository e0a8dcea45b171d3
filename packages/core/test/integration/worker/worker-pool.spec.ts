import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { ManualClock } from '../../../src/domain/clock.js';
import { createMessages } from '../../../src/observability/messages/messages.js';
import { QueueLog } from '../../../src/observability/messages/queue-log.js';
import { resolveRootOptions } from '../../../src/options/resolve-options.js';
import { InstanceIds } from '../../../src/redis/instance-ids.js';
import type { QueueContext } from '../../../src/redis/queue-context.js';
import { queueKeys } from '../../../src/redis/queue-keys.js';
import { QueueScripts, type ScriptCall } from '../../../src/redis/queue-scripts.js';
import { RedisHub } from '../../../src/redis/redis-hub.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { HandlerRegistry } from '../../../src/worker/handler-registry.js';
import { TagHookRegistry } from '../../../src/worker/tag-hooks/tag-hook-registry.js';
import { TaskRunner } from '../../../src/worker/task-runner.js';
import { WorkerPool } from '../../../src/worker/worker-pool.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

type Run = QueueScripts['run'];
type Interceptor = (
  name: Parameters<Run>[0],
  call: ScriptCall,
  run: () => Promise<unknown>,
) => Promise<unknown>;

const heartbeatTimeout = 600;
let hub: RedisHub;
let context: QueueContext;
let clock: ManualClock;
let pool: WorkerPool;
let errors: unknown[];
let locksSeen: number[];
let intercept: Interceptor;
let handlers: HandlerRegistry;

function createPool(workerCount: number): void {
  const name = uniqueName();
  const { options } = resolveRootOptions(
    {
      workerOptions: { workerCount, shutdownTimeout: 1_000 },
      redisOptions: { url: testRedisUrl() },
      queueOptions: {
        pendingQueueName: `${name}-pending`,
        workerQueuePrefix: `${name}-worker`,
        workerStatePrefix: `${name}-state`,
      },
      electionOptions: { electionLockTtl: 5_000, heartbeatInterval: 30, heartbeatTimeout },
    },
    () => undefined,
  );
  const ids = new InstanceIds(uniqueName('node'));
  hub = new RedisHub(options.redis, ids, (error) => errors.push(error));
  const keys = queueKeys(options);
  const scripts = new QueueScripts(new ScriptRunner(hub.commands, 5_000, composeScripts()), keys);
  const through: Run = (script, call = {}) => intercept(script, call, () => scripts.run(script, call));
  context = { nodeId: ids.nodeId, options, keys, hub, scripts: { run: through } as QueueScripts };
  pool = new WorkerPool({
    context,
    clock,
    runner: new TaskRunner(handlers, options),
    hooks: new TagHookRegistry(),
    log: new QueueLog(createMessages('en')),
    onError: (error) => errors.push(error),
    onLockSeen: (ttlMs) => locksSeen.push(ttlMs),
  });
}

const registered = () => hub.commands.hkeys(context.keys.workerRegistry);
const present = () => pool.states.map(({ workerId }) => workerId).sort();

beforeAll(() => {
  Logger.overrideLogger(false);
});
beforeEach(() => {
  clock = new ManualClock(10_000);
  errors = [];
  handlers = new HandlerRegistry();
  locksSeen = [];
  intercept = (_name, _call, run) => run();
});
afterEach(async () => {
  intercept = (_name, _call, run) => run();
  await pool.stop();
  await hub.close();
});

describe('WorkerPool', () => {
  it('keeps its workers as long as heartbeats get through, by a clock that they renew', async () => {
    createPool(2);
    await pool.start();
    const workers = present();
    for (let i = 0; i < 10; i += 1) {
      clock.advance(heartbeatTimeout / 2);
      const beats = locksSeen.length;
      await until('it has sent a heartbeat', () => locksSeen.length > beats + 1);
    }
    expect(present()).toEqual(workers);
    expect(pool.hasLease).toBe(true);
    expect(new Set(locksSeen)).toEqual(new Set([-2]));
  });

  it('replaces all workers when no heartbeat has got through for as long as a lease lasts, and not before', async () => {
    createPool(2);
    await pool.start();
    const workers = present();
    intercept = async (name, _call, run) => {
      if (name === 'beat') throw new Error('no connection');
      return run();
    };
    const failed = errors.length;
    await until('heartbeats fail', () => errors.length > failed + 2);
    clock.advance(heartbeatTimeout * 0.99 - 1);
    expect(pool.hasLease).toBe(true);
    expect(present()).toEqual(workers);
    clock.advance(2);
    expect(pool.hasLease).toBe(false);
    await until(
      'others have taken their places',
      () => present().length === 2 && present()[0] !== workers[0],
    );
    expect(present().some((workerId) => workers.includes(workerId))).toBe(false);
    await until('the first ones have retired', async () => (await registered()).length === 2);
  });

  it('has no lease for as long as Redis stays away, and has it again when all workers are back', async () => {
    createPool(2);
    expect(pool.hasLease).toBe(true);
    await pool.start();
    let refused = 0;
    intercept = async () => {
      refused += 1;
      throw new Error('no connection');
    };
    await until('heartbeats fail', () => refused > 2);
    clock.advance(heartbeatTimeout);
    await until('both workers are gone', () => present().length === 0);
    expect(pool.hasLease).toBe(false);
    let admitted = 0;
    intercept = async (name, _call, run) => {
      if (name === 'registerWorker' && ++admitted > 1) throw new Error('no connection');
      return run();
    };
    await until('one of them is replaced', () => present().length === 1);
    expect(pool.hasLease).toBe(false);
    intercept = (_name, _call, run) => run();
    await until('both are replaced', () => present().length === 2);
    expect(pool.hasLease).toBe(true);
    await pool.stop();
    expect(pool.hasLease).toBe(true);
  });

  it('a worker that joins does not prolong the lease of the others', async () => {
    createPool(2);
    await pool.start();
    const [fenced, other] = present();
    intercept = async (name, _call, run) => {
      if (name === 'beat') throw new Error('no connection');
      return run();
    };
    const failed = errors.length;
    await until('heartbeats fail', () => errors.length > failed + 2);
    clock.advance(heartbeatTimeout * 0.5);
    // One of them is declared dead, and finds out by its next take.
    await hub.commands.hdel(context.keys.workerRegistry, fenced!);
    await hub.commands.zadd(hub.workers.key, 0, fenced!);
    await until('another one has joined', () => present().length === 2 && !present().includes(fenced!));
    const joined = present().find((workerId) => workerId !== other)!;

    clock.advance(heartbeatTimeout * 0.5);
    expect(pool.hasLease).toBe(false);
    await until('the lease of the one is over', () => !present().includes(other!));
    expect(present()).toContain(joined);
  });

  it('counts a lease from before its heartbeat was sent', async () => {
    createPool(1);
    await pool.start();
    let beats = 0;
    intercept = async (name, _call, run) => {
      if (name !== 'beat') return run();
      beats += 1;
      if (beats > 1) throw new Error('no connection');
      // The reply takes nearly as long as a lease.
      clock.advance(heartbeatTimeout - 20);
      return run();
    };
    await until('heartbeats fail', () => beats > 2);
    expect(pool.hasLease).toBe(true);
    clock.advance(20);
    expect(pool.hasLease).toBe(false);
  });

  it.each(['plain', 'special'])('begins no %s task that it is given when its lease is over', async (kind) => {
    const begun: unknown[] = [];
    handlers.register('note', () => begun.push(1));
    createPool(1);
    const frozen = gate();
    let takes = 0;
    intercept = async (name, _call, run) => {
      if (name === 'beat') throw new Error('no connection');
      if (name !== 'takeTask') return run();
      takes += 1;
      if (takes > 1) return run();
      await frozen.promise;
      const data = JSON.stringify({ identifyTag: 't', type: 'note', payload: 1 });
      const standing = '0:1:1:1:1:0: given-late';
      if (kind === 'plain') return [standing, data, 'note', '{}', '1', '2', 't', 1];
      const job = ['name', 'note', 'data', data, 'opts', '{}', 'timestamp', '1', 'ats', '1', 'progress', '1'];
      return [job, 'given-late', 0, 0, [standing, 't', 1]];
    };
    await pool.start();
    const [worker] = present();
    await until('it asks for a task', () => takes === 1);
    // As after SIGCONT: the reply is read before the timer of the lease.
    clock.advance(heartbeatTimeout);
    frozen.open();
    await until('another worker asks', () => takes > 1);
    expect(present()).not.toContain(worker);
    expect(begun).toEqual([]);
  });

  it('that cannot register all of its workers keeps none, and leaves none', async () => {
    createPool(3);
    let registrations = 0;
    intercept = async (name, _call, run) => {
      if (name !== 'registerWorker') return run();
      registrations += 1;
      // Redis has registered it, and nobody heard of it; the others come later.
      if (registrations > 1) await until('the first one has failed', () => registrations === 3);
      await run();
      if (registrations === 3) throw new Error('lost');
      return 1;
    };
    await expect(pool.start()).rejects.toThrow('lost');
    expect(pool.states).toEqual([]);
    expect(await registered()).toEqual([]);
    const beats = locksSeen.length;
    intercept = (_name, _call, run) => run();
    await pool.start();
    expect(await registered()).toHaveLength(3);
    expect(locksSeen.length).toBeGreaterThanOrEqual(beats);
  });

  it('that is stopped while a worker joins keeps none, and leaves none', async () => {
    createPool(1);
    await pool.start();
    const stopping = gate();
    let joining = false;
    intercept = async (name, _call, run) => {
      if (name === 'registerWorker') {
        joining = true;
        await stopping.promise;
      }
      return run();
    };
    await hub.commands.del(context.keys.workerRegistry);
    await until('another one joins', () => joining);
    const stopped = pool.stop();
    stopping.open();
    await stopped;
    expect(pool.states).toEqual([]);
    expect(await registered()).toEqual([]);
  });

  it('tries to retire and to join again until Redis answers', async () => {
    createPool(1);
    await pool.start();
    const [worker] = present();
    const failures: string[] = [];
    intercept = async (name, _call, run) => {
      if (['registerWorker', 'retireWorker'].includes(name) && !failures.includes(name)) {
        failures.push(name);
        throw new Error(`${name} was lost`);
      }
      return run();
    };
    await hub.commands.del(context.keys.workerRegistry);
    await until('another one has joined', () => present().length === 1 && present()[0] !== worker);
    await until(
      'the first one has retired',
      async () => (await hub.commands.exists(context.keys.workerMeta(worker!))) === 0,
    );
    expect(failures.sort()).toEqual(['registerWorker', 'retireWorker']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../errors/errors.js';
import type { QueueFeatureOptions, QueueModuleOptions } from './queue-module-options.js';
import { resolveFeatureOptions, resolveRootOptions } from './resolve-options.js';

type Variables = Record<string, string>;

function resolve(feature: QueueFeatureOptions, root: QueueModuleOptions = {}, variables: Variables = {}) {
  const readEnv = (name: string) => variables[name];
  return resolveFeatureOptions(feature, resolveRootOptions(root, readEnv).options, readEnv);
}

function problemsOf(feature: unknown, root: QueueModuleOptions = {}) {
  try {
    resolve(feature as QueueFeatureOptions, root);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.details.problems;
    throw error;
  }
  return [];
}

describe('names', () => {
  it('are derived from the name of the feature', () => {
    const root = { queueOptions: { pendingQueueName: 'a', workerQueuePrefix: 'b', workerStatePrefix: 'c' } };
    expect(resolve({ name: 'high' }, root, { PENDING_QUEUE_NAME: 'd' }).options).toMatchObject({
      name: 'high',
      pendingQueueName: 'high-pending-tasks',
      workerQueuePrefix: 'high-worker-queue',
      workerStatePrefix: 'high-worker-state',
    });
  });

  it('can be set each for itself', () => {
    const { options } = resolve({ name: 'high', queueOptions: { pendingQueueName: 'mine' } });
    expect(options).toMatchObject({ pendingQueueName: 'mine', workerQueuePrefix: 'high-worker-queue' });
  });

  it.each([undefined, '', 5, null])('are needed: %p', (name) => {
    expect(problemsOf({ name })).toEqual([expect.objectContaining({ option: 'name' })]);
  });

  it('put a derived name that cannot be used down to the name of the feature', () => {
    const problems = problemsOf({
      name: 'a b',
      queueOptions: { workerQueuePrefix: 'x', workerStatePrefix: 'y' },
    });
    expect(problems).toMatchObject([
      { option: 'name (for queueOptions.pendingQueueName)', value: '"a b-pending-tasks"' },
    ]);
  });

  it('may be any text when the names in Redis are set', () => {
    const queueOptions = { pendingQueueName: 'x', workerQueuePrefix: 'y', workerStatePrefix: 'z' };
    expect(resolve({ name: '高优先级', queueOptions }).options.name).toBe('高优先级');
  });
});

describe('a feature', () => {
  const root: QueueModuleOptions = {
    role: 'WORKER',
    locale: 'en',
    workerOptions: { maxBatchSize: 20, workerCount: 4, taskTimeout: 7 },
    redisOptions: { host: 'redis.internal', password: 'pw', commandTimeout: 500, allowEviction: true },
    queueOptions: {
      schedulerInterval: 50,
      maxTagBytes: 20,
      identifyTagConcurrency: { default: 2, a: 3 },
      defaultTaskOptions: { attempts: 9 },
    },
    electionOptions: { electionLockTtl: 3_000, heartbeatInterval: 1_000, heartbeatTimeout: 5_000 },
  };

  it('inherits what it does not set', () => {
    const inherited = resolve({ name: 'f' }, root).options;
    const own = resolveRootOptions(root, () => undefined).options;
    const names = { name: 'f', pendingQueueName: 'f-pending-tasks', workerQueuePrefix: 'f-worker-queue' };
    expect(inherited).toEqual({ ...own, ...names, workerStatePrefix: 'f-worker-state' });
  });

  it('inherits what the root queue has from variables', () => {
    const variables = {
      APP_ROLE: 'SCHEDULER',
      QUEUE_LOCALE: 'en',
      MAX_BATCH_SIZE: '7',
      REDIS_HOST: 'from-env',
    };
    expect(resolve({ name: 'f' }, {}, variables).options).toMatchObject({
      role: 'SCHEDULER',
      locale: 'en',
      maxBatchSize: 7,
      redis: { options: { host: 'from-env' } },
    });
  });

  it('prefers what forRoot says to a variable', () => {
    expect(resolve({ name: 'f' }, root, { MAX_BATCH_SIZE: '7' }).options.maxBatchSize).toBe(20);
  });

  it('sets options each for itself', () => {
    const feature: QueueFeatureOptions = {
      name: 'f',
      role: 'BOTH',
      workerOptions: { maxBatchSize: 5 },
      electionOptions: { electionLockTtl: 4_000 },
      queueOptions: { identifyTagConcurrency: 1, defaultTaskOptions: { retryOrder: 'skip' } },
    };
    expect(resolve(feature, root).options).toMatchObject({
      role: 'BOTH',
      maxBatchSize: 5,
      workerCount: 4,
      electionLockTtlMs: 4_000,
      heartbeatIntervalMs: 1_000,
      identifyTagConcurrency: { default: 1, tags: {} },
      defaultTaskOptions: { attempts: 9, retryOrder: 'skip' },
    });
  });

  it('is checked together with what it inherits', () => {
    expect(problemsOf({ name: 'f', electionOptions: { heartbeatInterval: 3_000 } }, root)).toMatchObject([
      { option: 'electionOptions.electionLockTtl', value: '3000' },
    ]);
  });

  it('has unknown options refused', () => {
    expect(problemsOf({ name: 'f', nme: 'g' })).toMatchObject([
      { option: 'nme', allowed: expect.stringContaining('did you mean name?') },
    ]);
  });
});

describe('the Redis of a feature', () => {
  const root: QueueModuleOptions = {
    redisOptions: { host: 'root', password: 'root-password', db: 3, commandTimeout: 500, connectTimeout: 9 },
  };

  it('is its own as a whole, so that no login reaches another host', () => {
    const { redis } = resolve({ name: 'f', redisOptions: { host: 'other' } }, root, {
      REDIS_PORT: '1',
    }).options;
    expect(redis).toEqual({
      options: { host: 'other', port: 6379, db: 0 },
      commandTimeoutMs: 500,
      allowEviction: false,
    });
  });

  it('is the root’s when it only sets how to talk to it', () => {
    const redisOptions = { commandTimeout: 700, connectTimeout: 11 };
    const { redis } = resolve({ name: 'f', redisOptions }, root).options;
    expect(redis).toMatchObject({
      commandTimeoutMs: 700,
      options: { host: 'root', password: 'root-password', db: 3, connectTimeout: 11 },
    });
  });

  it.each([
    [{ db: 2 }, { password: 'root-password', db: 2 }],
    [{ password: 'own' }, { password: 'own', db: 3 }],
    [
      { username: 'me', password: 'own' },
      { username: 'me', password: 'own', db: 3 },
    ],
    [{ username: 'me' }, { username: 'me', db: 3 }],
    [{ tls: true }, { password: 'root-password', db: 3, tls: {} }],
  ])('is the root’s when it says who or which, but not where: %p', (redisOptions, login) => {
    const { redis } = resolve({ name: 'f', redisOptions }, root).options;
    expect(redis.options).toEqual({ host: 'root', port: 6379, connectTimeout: 9, ...login });
  });

  it('can leave the TLS of the root queue out', () => {
    const withTls = { redisOptions: { host: 'root', tls: true } };
    expect(resolve({ name: 'f' }, withTls).options.redis.options.tls).toEqual({});
    expect(
      resolve({ name: 'f', redisOptions: { tls: false } }, withTls).options.redis.options.tls,
    ).toBeUndefined();
  });

  it('is checked as that of the root queue is', () => {
    expect(() => resolve({ name: 'f', redisOptions: { db: -1 } }, root)).toThrow('redisOptions.db');
  });
});

describe('warnings', () => {
  it('tell of a role that overrides APP_ROLE', () => {
    const { warnings } = resolve({ name: 'f', role: 'BOTH' }, {}, { APP_ROLE: 'WORKER' });
    const params = { queue: 'f', role: 'BOTH', variable: 'APP_ROLE', variableValue: 'WORKER' };
    expect(warnings).toEqual([{ message: 'roleOverridesVariable', params }]);
  });

  it('do not repeat those of the root queue', () => {
    const electionOptions = { electionLockTtl: 1_500, heartbeatInterval: 1_000, heartbeatTimeout: 5_000 };
    expect(resolve({ name: 'f' }, { electionOptions }).warnings).toEqual([]);
    expect(resolve({ name: 'f', electionOptions }, {}).warnings).toHaveLength(1);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { InvalidOptionsError, QueueModule } from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { closeApps, restoreVariables, setVariables, startApp } from './support/application.js';

afterEach(async () => {
  await closeApps();
  restoreVariables();
});

type Imports = Parameters<typeof startApp>[0];

async function problemsOf(imports: Imports): Promise<{ message: string; options: string[] }> {
  const error = await startApp(imports).then(
    () => new Error('it started'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidOptionsError);
  const { message, details } = error as InvalidOptionsError;
  return { message, options: details.problems.map(({ option }) => option) };
}

/** What is wrong, what it is put down to, and what the message says of the value and of what is allowed. */
const invalid: [given: object, option: string, value: string, allowed: RegExp][] = [
  [{ role: 'LEADER' }, 'role', '"LEADER"', /SCHEDULER, WORKER, BOTH, PRODUCER/],
  [{ locale: 'fr' }, 'locale', '"fr"', /zh, en/],
  [{ workerOptions: { maxBatchSize: 0 } }, 'workerOptions.maxBatchSize', '0', /from 1 to 1000/],
  [{ workerOptions: { maxBatchSize: 1_001 } }, 'workerOptions.maxBatchSize', '1001', /from 1 to 1000/],
  [{ workerOptions: { workerCount: 0 } }, 'workerOptions.workerCount', '0', /1 or more/],
  [{ workerOptions: { workerCount: '2' } }, 'workerOptions.workerCount', '"2"', /whole number/],
  [{ workerOptions: { workerCount: 1.5 } }, 'workerOptions.workerCount', '1.5', /whole number/],
  [{ workerOptions: { workerCount: Number.NaN } }, 'workerOptions.workerCount', 'NaN', /whole number/],
  [{ workerOptions: { shutdownTimeout: -1 } }, 'workerOptions.shutdownTimeout', '-1', /milliseconds, from 0/],
  [{ workerOptions: { taskTimeout: -1 } }, 'workerOptions.taskTimeout', '-1', /milliseconds, from 0/],
  [{ workerOptions: { maxCrashes: 0 } }, 'workerOptions.maxCrashes', '0', /1 or more/],
  [
    { workerOptions: { batchSize: 5 } },
    'workerOptions.batchSize',
    'an unknown option',
    /did you mean maxBatchSize/,
  ],
  [{ workerOptions: 5 }, 'workerOptions', '5', /an object/],
  [
    { queueOptions: { pendingQueueName: 'a:b' } },
    'queueOptions.pendingQueueName',
    '"a:b"',
    /A-Z a-z 0-9 _ \. \{ \} -/,
  ],
  [{ queueOptions: { workerQueuePrefix: 'a b' } }, 'queueOptions.workerQueuePrefix', '"a b"', /A-Z a-z 0-9/],
  [{ queueOptions: { workerStatePrefix: '*' } }, 'queueOptions.workerStatePrefix', '"*"', /A-Z a-z 0-9/],
  [{ queueOptions: { pendingQueueName: '' } }, 'queueOptions.pendingQueueName', '""', /1 to 128 characters/],
  [{ queueOptions: { schedulerInterval: 0 } }, 'queueOptions.schedulerInterval', '0', /milliseconds, from 1/],
  [{ queueOptions: { scanCount: 0 } }, 'queueOptions.scanCount', '0', /1 or more/],
  [{ queueOptions: { maxPayloadBytes: 0 } }, 'queueOptions.maxPayloadBytes', '0', /bytes, from 1/],
  [{ queueOptions: { identifyTagConcurrency: 0 } }, 'queueOptions.identifyTagConcurrency', '0', /1 or more/],
  [
    { queueOptions: { identifyTagConcurrency: { 'a:b': 0 } } },
    'queueOptions.identifyTagConcurrency["a:b"]',
    '0',
    /1 or more/,
  ],
  [
    { queueOptions: { defaultTaskOptions: { attempts: 0 } } },
    'queueOptions.defaultTaskOptions.attempts',
    '0',
    /whole number/,
  ],
  [
    { queueOptions: { defaultTaskOptions: { priority: 5 } } },
    'queueOptions.defaultTaskOptions.priority',
    'an unknown option',
    /attempts/,
  ],
  [
    { electionOptions: { electionLockTtl: 1_000, heartbeatInterval: 1_000 } },
    'electionOptions.electionLockTtl',
    '1000',
    /more than electionOptions\.heartbeatInterval \(1000 ms\)/,
  ],
  [
    { electionOptions: { heartbeatInterval: 5_000, heartbeatTimeout: 4_000 } },
    'electionOptions.heartbeatTimeout',
    '4000',
    /more than electionOptions\.heartbeatInterval \(5000 ms\)/,
  ],
  [{ redisOptions: { port: 70_000 } }, 'redisOptions.port', '70000', /from 1 to 65535/],
  [{ redisOptions: { db: -1 } }, 'redisOptions.db', '-1', /0 or more/],
  [{ redisOptions: { url: 'localhost:6379' } }, 'redisOptions.url', '"localhost:6379"', /redis:\/\//],
  [{ redisOptions: { commandTimeout: 0 } }, 'redisOptions.commandTimeout', '0', /milliseconds/],
  [{ redisOptions: { keyPrefix: 'x' } }, 'redisOptions.keyPrefix', 'an unknown option', /host/],
  [{ queue: {} }, 'queue', 'an unknown option', /queueOptions/],
];

describe('an invalid option', () => {
  it.each(invalid)('of the root queue: %p', async (given, option, value, allowed) => {
    const { message, options } = await problemsOf([QueueModule.forRoot(given)]);
    expect(options).toEqual([option]);
    expect(message).toContain(`${option}: got ${value}, allowed: `);
    expect(message).toMatch(allowed);
  });

  it('of a factory, of a feature and of a feature’s factory', async () => {
    const wrong = { workerOptions: { workerCount: 0 } };
    const option = 'workerOptions.workerCount';
    const name = uniqueName();
    const root = QueueModule.forRoot();
    for (const imports of [
      [QueueModule.forRootAsync({ useFactory: async () => wrong })],
      [root, QueueModule.forFeature({ name, ...wrong })],
      [root, QueueModule.forFeatureAsync({ name, useFactory: async () => wrong })],
    ]) {
      expect((await problemsOf(imports)).options).toEqual([option]);
    }
  });

  it('names the feature whose name cannot be part of a key', async () => {
    const { message } = await problemsOf([QueueModule.forRoot(), QueueModule.forFeature({ name: 'a b' })]);
    expect(message).toContain('name (for queueOptions.pendingQueueName): got "a b-pending-tasks"');
  });

  it.each([
    ['APP_ROLE', 'LEADER', /SCHEDULER, WORKER, BOTH, PRODUCER/],
    ['QUEUE_LOCALE', 'fr', /zh, en/],
    ['MAX_BATCH_SIZE', '0', /from 1 to 1000/],
    ['WORKER_COUNT', 'two', /whole number/],
    ['SHUTDOWN_TIMEOUT', '30s', /milliseconds/],
    ['TASK_TIMEOUT', '-1', /milliseconds/],
    ['MAX_CRASHES', '0', /1 or more/],
    ['REDIS_URL', 'nowhere', /redis:\/\//],
    ['REDIS_PORT', 'x', /from 1 to 65535/],
    ['REDIS_DB', '1.5', /0 or more/],
    ['PENDING_QUEUE_NAME', 'a:b', /A-Z a-z 0-9/],
    ['WORKER_QUEUE_PREFIX', 'a b', /A-Z a-z 0-9/],
    ['WORKER_STATE_PREFIX', '*', /A-Z a-z 0-9/],
    ['SCHEDULER_INTERVAL', '0', /milliseconds/],
    ['SCAN_COUNT', '0', /1 or more/],
    ['ELECTION_LOCK_TTL', '10000', /more than electionOptions\.heartbeatInterval/],
    ['HEARTBEAT_INTERVAL', '0', /milliseconds/],
    ['HEARTBEAT_TIMEOUT', '10000', /more than electionOptions\.heartbeatInterval/],
  ])('in variable %s=%s is put down to the variable', async (variable, value, allowed) => {
    setVariables({ [variable]: value });
    const { message, options } = await problemsOf([QueueModule.forRoot()]);
    expect(options).toEqual([variable]);
    expect(message).toContain(`${variable}: got `);
    expect(message).toMatch(allowed);
  });

  it('does not hide the others', async () => {
    setVariables({ WORKER_COUNT: '0' });
    const { message, options } = await problemsOf([
      QueueModule.forRoot({
        role: 'X' as never,
        electionOptions: { heartbeatInterval: 0 },
        redisOptions: { db: -1 },
      }),
    ]);
    expect(options.sort()).toEqual([
      'WORKER_COUNT',
      'electionOptions.heartbeatInterval',
      'redisOptions.db',
      'role',
    ]);
    expect(message).toMatch(/^4 invalid options:\n- /);
  });

  it('is a client with a key prefix, which BullMQ does not work with', async () => {
    const client = new Redis({ lazyConnect: true, keyPrefix: 'app:' });
    const { message, options } = await problemsOf([QueueModule.forRoot({ redisOptions: client })]);
    expect(options).toEqual(['redisOptions.instance.keyPrefix']);
    expect(message).toContain('got "app:", allowed: a client without keyPrefix');
    expect(client.status).toBe('wait');
    client.disconnect();
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import type { Redis } from 'ioredis';
import {
  ElectionService,
  getElectionServiceToken,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
  InjectQueueService,
  InjectWorkerService,
  InvalidOptionsError,
  QueueModule,
  QueueNameConflictError,
  QueueService,
  SchedulerService,
  WorkerService,
  type QueueFeatureOptions,
  type QueueModuleOptions,
  type QueueOptionsFactory,
} from '../../../src/index.js';
import { connect, testRedisUrl, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import {
  closeApps,
  log,
  restoreVariables,
  rootOptions,
  setVariables,
  startApp,
} from './support/application.js';
import { startRedis, stopRedisServers, withClient, type OwnRedis } from './support/redis-server.js';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
beforeEach(() => log.clear());
afterEach(async () => {
  await closeApps();
  restoreVariables();
});
afterAll(async () => {
  redis.disconnect();
  await stopRedisServers();
});

const queueOf = (app: INestApplicationContext, name?: string): QueueService =>
  app.get(getQueueServiceToken(name));
const workersOf = (app: INestApplicationContext, name?: string): WorkerService =>
  app.get(getWorkerServiceToken(name));

/** Runs one task through a queue of an application. */
async function runOne(app: INestApplicationContext, name?: string): Promise<unknown> {
  workersOf(app, name).registerHandler('echo', (payload) => payload);
  const job = await queueOf(app, name).add({
    type: 'echo',
    identifyTag: 'tag',
    payload: { for: name ?? 'root' },
  });
  return queueOf(app, name).waitUntilFinished(job, 10_000);
}

describe('forRoot() alone', () => {
  let own: OwnRedis;
  beforeAll(async () => {
    own = await startRedis();
  });

  it('runs tasks, and has the documented names and keys', async () => {
    setVariables({ REDIS_URL: own.url });
    const app = await startApp([QueueModule.forRoot()]);
    await expect(runOne(app)).resolves.toEqual({ for: 'root' });
    expect(queueOf(app).queue.name).toBe('pending-tasks');

    await withClient(own.url, async (client) => {
      const { nodeId } = app.get(ElectionService);
      expect(await client.get('scheduler:election:lock')).toMatch(new RegExp(`^${nodeId}:\\d{16}$`));
      const ttl = await client.pttl('scheduler:election:lock');
      expect(ttl).toBeGreaterThan(20_000);
      expect(ttl).toBeLessThanOrEqual(30_000);

      const leader = JSON.parse((await client.get('scheduler:leader:info'))!);
      expect(leader).toMatchObject({
        nodeId,
        hostname: expect.stringMatching(/./),
        processId: process.pid,
        epoch: expect.anything(),
        startTime: expect.any(Number),
        lastHeartbeat: expect.any(Number),
      });
      expect(`${nodeId}:${leader.epoch}`).toBe(await client.get('scheduler:election:lock'));
      expect(Math.abs(Date.now() - leader.lastHeartbeat)).toBeLessThan(20_000);

      const workerId = `${nodeId}-1`;
      const registry = await client.hgetall('scheduler:worker:registry');
      expect(Object.keys(registry)).toEqual([workerId]);
      expect(JSON.parse(registry[workerId]!)).toMatchObject({ workerId, nodeId, processId: process.pid });
      expect(await client.hgetall(`worker-state:${workerId}`)).toMatchObject({ workerId, status: 'idle' });
      expect(await client.exists(`bull:worker-queue-${workerId}:meta`)).toBe(1);
      expect(await client.hget('bull:pending-tasks:aff:ctl', 'layout')).toBe('1:worker-queue');
    });
    expect(nodeIdPattern.test(app.get(ElectionService).nodeId)).toBe(true);
  });

  it('leaves neither lock nor workers behind', async () => {
    setVariables({ REDIS_URL: `${own.url}/1` });
    const app = await startApp([QueueModule.forRoot()]);
    await runOne(app);
    await app.close();
    const keys = await withClient(`${own.url}/1`, (client) => client.keys('*'));
    const instance = keys.filter((key) =>
      /scheduler:(election:lock|leader|worker|instance)|worker-(queue|state)/.test(key),
    );
    expect(instance).toEqual([]);
  });
});

const nodeIdPattern = /^[A-Za-z0-9_.-]+-\d+-[a-f0-9]+$/;

it('forRoot(options) runs tasks under the names that it is given', async () => {
  const name = uniqueName();
  const app = await startApp([QueueModule.forRoot(rootOptions(name, { workerOptions: { workerCount: 2 } }))]);
  await expect(runOne(app)).resolves.toEqual({ for: 'root' });
  expect(workersOf(app).getWorkerStates()).toHaveLength(2);
  const { nodeId } = app.get(ElectionService);
  const scheduler = `scheduler:${name}-pending`;
  expect(await redis.get(`${scheduler}:election:lock`)).toMatch(nodeId);
  expect(JSON.parse((await redis.get(`${scheduler}:leader:info`))!)).toMatchObject({ nodeId });
  expect(await redis.hkeys(`${scheduler}:worker:registry`)).toHaveLength(2);
  expect(await redis.hget(`${name}-state:${nodeId}-1`, 'workerId')).toBe(`${nodeId}-1`);
});

describe('asynchronous options', () => {
  @Injectable()
  class Settings {
    constructor(@Inject('name') readonly name: string) {}
  }

  /** A module that another one exports its settings from, after a while. */
  function settingsModule(name: string, ...factories: any[]) {
    @Module({
      providers: [
        { provide: 'name', useFactory: async () => new Promise((resolve) => setTimeout(resolve, 5, name)) },
        Settings,
        ...factories,
      ],
      exports: [Settings, ...factories],
    })
    class SettingsModule {}
    return SettingsModule;
  }

  @Injectable()
  class RootFactory implements QueueOptionsFactory {
    constructor(@Inject(Settings) private readonly settings: Settings) {}

    async createQueueOptions(): Promise<QueueModuleOptions> {
      return rootOptions(this.settings.name);
    }
  }

  @Injectable()
  class FeatureFactory implements QueueOptionsFactory<Omit<QueueFeatureOptions, 'name'>> {
    constructor(@Inject(Settings) private readonly settings: Settings) {}

    createQueueOptions(): Omit<QueueFeatureOptions, 'name'> {
      return { queueOptions: { pendingQueueName: `${this.settings.name}-of-factory` } };
    }
  }

  it.each([
    [
      'useFactory',
      (name: string) => ({
        imports: [settingsModule(name)],
        inject: [Settings, { token: 'nowhere', optional: true }],
        useFactory: (settings: Settings, nowhere: unknown) => {
          expect(nowhere).toBeUndefined();
          return rootOptions(settings.name);
        },
      }),
    ],
    ['useClass', (name: string) => ({ imports: [settingsModule(name)], useClass: RootFactory })],
    [
      'useExisting',
      (name: string) => ({ imports: [settingsModule(name, RootFactory)], useExisting: RootFactory }),
    ],
  ])('of the root queue come from %s', async (_, optionsFor) => {
    const name = uniqueName();
    const app = await startApp([QueueModule.forRootAsync(optionsFor(name))]);
    expect(queueOf(app).queue.name).toBe(`${name}-pending`);
    await expect(runOne(app)).resolves.toEqual({ for: 'root' });
  });

  it.each([
    [
      'useFactory',
      (name: string) => ({
        imports: [settingsModule(name)],
        inject: [Settings],
        useFactory: async ({ name: of }: Settings) => ({
          queueOptions: { pendingQueueName: `${of}-of-factory` },
        }),
      }),
    ],
    ['useClass', (name: string) => ({ imports: [settingsModule(name)], useClass: FeatureFactory })],
    [
      'useExisting',
      (name: string) => ({ imports: [settingsModule(name, FeatureFactory)], useExisting: FeatureFactory }),
    ],
  ])('of a feature come from %s', async (_, optionsFor) => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forFeatureAsync({ name: `${name}-feature`, ...optionsFor(name) }),
      QueueModule.forRoot(rootOptions(name)),
    ]);
    expect(queueOf(app, `${name}-feature`).queue.name).toBe(`${name}-of-factory`);
    await expect(runOne(app, `${name}-feature`)).resolves.toEqual({ for: `${name}-feature` });
  });

  it('may be left out', async () => {
    const name = uniqueName();
    setVariables({
      REDIS_URL: testRedisUrl(),
      PENDING_QUEUE_NAME: `${name}-pending`,
      WORKER_QUEUE_PREFIX: name,
    });
    const app = await startApp([
      QueueModule.forRootAsync({ useFactory: () => undefined }),
      QueueModule.forFeatureAsync({ name: `${name}-feature`, useFactory: () => undefined }),
    ]);
    expect(queueOf(app).queue.name).toBe(`${name}-pending`);
    expect(queueOf(app, `${name}-feature`).queue.name).toBe(`${name}-feature-pending-tasks`);
  });

  it.each([
    [{}, 'none of them'],
    [{ useFactory: () => ({}), useClass: RootFactory }, 'useFactory and useClass'],
  ])('must come from one place: %#', async (ways, got) => {
    const start = startApp([QueueModule.forRootAsync(ways)]);
    await expect(start).rejects.toThrow(InvalidOptionsError);
    await expect(start).rejects.toThrow(
      `QueueModule.forRootAsync: got ${got}, allowed: exactly one of useFactory, useClass, useExisting`,
    );
    const name = uniqueName();
    const feature = startApp([
      QueueModule.forRoot(rootOptions(name)),
      QueueModule.forFeatureAsync({ name, ...ways }),
    ]);
    await expect(feature).rejects.toThrow('QueueModule.forFeatureAsync: got');
  });

  it('fail the start with the error of their factory', async () => {
    const failing = QueueModule.forRootAsync({
      useFactory: () => Promise.reject(new Error('the vault is locked')),
    });
    await expect(startApp([failing])).rejects.toThrow('the vault is locked');
    // A feature cannot be resolved without it; the cause must not be hidden behind that.
    await expect(startApp([QueueModule.forFeature({ name: 'f' }), failing])).rejects.toThrow(
      'the vault is locked',
    );
  });
});

describe('features', () => {
  it('have names of their own, inherit the rest, and can be injected anywhere', async () => {
    const root = uniqueName();
    const mail = uniqueName('mail');

    @Injectable()
    class Consumer {
      constructor(
        @InjectQueueService() readonly rootQueue: QueueService,
        @InjectWorkerService() readonly rootWorkers: WorkerService,
        @InjectQueueService(mail) readonly mailQueue: QueueService,
        @InjectWorkerService(mail) readonly mailWorkers: WorkerService,
        @Inject(QueueService) readonly byClass: QueueService,
      ) {}
    }
    @Module({ providers: [Consumer] })
    class DeepModule {}
    @Module({ imports: [DeepModule] })
    class MiddleModule {}
    @Module({ imports: [QueueModule.forFeature({ name: mail, workerOptions: { workerCount: 3 } })] })
    class MailModule {}

    const app = await startApp([
      MiddleModule,
      MailModule,
      QueueModule.forRoot(rootOptions(root, { workerOptions: { workerCount: 2, maxBatchSize: 7 } })),
    ]);
    const consumer = app.get(Consumer);
    expect(consumer.byClass).toBe(consumer.rootQueue);
    expect(consumer.rootQueue.queue.name).toBe(`${root}-pending`);
    expect(consumer.mailQueue.queue.name).toBe(`${mail}-pending-tasks`);
    expect(consumer.rootWorkers.getWorkerStates()).toHaveLength(2);
    expect(consumer.mailWorkers.getWorkerStates()).toHaveLength(3);

    await expect(runOne(app, mail)).resolves.toEqual({ for: mail });
    await expect(runOne(app)).resolves.toEqual({ for: 'root' });
    const { nodeId } = app.get<ElectionService>(getElectionServiceToken(mail));
    expect(nodeId).toBe(app.get(ElectionService).nodeId);
    expect(await redis.get(`scheduler:${mail}-pending-tasks:election:lock`)).toMatch(nodeId);
    // The election options are those of the root queue, and not the defaults (30 s).
    expect(await redis.pttl(`scheduler:${mail}-pending-tasks:election:lock`)).toBeLessThanOrEqual(1_000);
    const states = await redis.keys(`${mail}-worker-state:*`);
    expect(states).toHaveLength(3);
    expect(await redis.keys(`bull:${mail}-worker-queue-*:meta`)).toHaveLength(3);
  });

  it('inherit the role, and may have one of their own', async () => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(rootOptions(name, { role: 'PRODUCER' })),
      QueueModule.forFeature({ name: `${name}-a` }),
      QueueModule.forFeature({ name: `${name}-b`, role: 'BOTH' }),
    ]);
    expect(workersOf(app).runsTasks).toBe(false);
    expect(workersOf(app, `${name}-a`).runsTasks).toBe(false);
    await expect(runOne(app, `${name}-b`)).resolves.toEqual({ for: `${name}-b` });
  });

  it('are isolated from each other: each runs its own tasks with its own handlers', async () => {
    const [root, a, b] = [uniqueName(), uniqueName('a'), uniqueName('b')];
    const app = await startApp([
      QueueModule.forRoot(rootOptions(root)),
      QueueModule.forFeature({ name: a }),
      QueueModule.forFeature({ name: b }),
    ]);
    const ran: string[] = [];
    for (const name of [undefined, a, b]) {
      workersOf(app, name).registerHandler('note', (payload: string) => {
        ran.push(`${name ?? root}:${payload}`);
      });
    }
    const jobs = await Promise.all(
      [undefined, a, b].flatMap((name) =>
        [1, 2, 3].map(async (n) => {
          // One tag in all queues: it is bound in each for itself.
          const job = await queueOf(app, name).add({
            type: 'note',
            identifyTag: 'same',
            payload: `${name ?? root}-${n}`,
          });
          return [queueOf(app, name), job] as const;
        }),
      ),
    );
    await Promise.all(jobs.map(([queue, job]) => queue.waitUntilFinished(job, 10_000)));
    expect(ran).toHaveLength(9);
    for (const entry of ran) expect(entry).toMatch(/^(.+):\1-\d$/);
    expect((await queueOf(app, a).getQueueStats()).completed).toBe(3);
  });

  it('may be in another database of the root queue’s Redis', async () => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(rootOptions(name)),
      QueueModule.forFeature({ name: `${name}-f`, redisOptions: { db: 7 } }),
    ]);
    await expect(runOne(app, `${name}-f`)).resolves.toEqual({ for: `${name}-f` });
    await expect(runOne(app)).resolves.toEqual({ for: 'root' });
    expect(await redis.keys(`*${name}-f*`)).toEqual([]);
    const there = await withClient(`${testRedisUrl()}/7`, (client) => client.keys(`*${name}*`));
    expect(there).toContain(`bull:${name}-f-pending-tasks:meta`);
    expect(there.filter((key) => !key.includes(`${name}-f`))).toEqual([]);
  });

  it('may be on another Redis', async () => {
    const other = await startRedis('--requirepass', 'other-password');
    const name = uniqueName();
    const url = other.url.replace('//', '//:other-password@');
    const app = await startApp([
      QueueModule.forRoot(rootOptions(name)),
      QueueModule.forFeature({ name: `${name}-f`, redisOptions: { url } }),
    ]);
    await expect(runOne(app, `${name}-f`)).resolves.toEqual({ for: `${name}-f` });
    expect(await redis.keys(`*${name}-f*`)).toEqual([]);
    await app.close();
    await other.stop();
  });
});

describe('a start is refused', () => {
  const conflict = async (imports: Parameters<typeof startApp>[0], ...words: string[]): Promise<void> => {
    const error = await startApp(imports).then(
      () => new Error('it started'),
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(QueueNameConflictError);
    for (const word of words) expect(error.message).toContain(word);
  };

  it('with two features of one name', async () => {
    const name = uniqueName();
    const feature = (pendingQueueName: string) =>
      QueueModule.forFeature({ name, queueOptions: { pendingQueueName: `${name}-${pendingQueueName}` } });
    await conflict(
      [QueueModule.forRoot(rootOptions(name)), feature('a'), feature('b')],
      `feature '${name}'`,
      'name',
    );
  });

  it('with two queues of one pending queue, whatever their names', async () => {
    const name = uniqueName();
    const root = QueueModule.forRoot(rootOptions(name));
    const queueOptions = { pendingQueueName: `${name}-pending` };
    await conflict(
      [root, QueueModule.forFeature({ name: 'f', queueOptions })],
      'the root queue',
      "feature 'f'",
      'queueOptions.pendingQueueName',
      `${name}-pending`,
    );
    await conflict(
      [root, QueueModule.forFeatureAsync({ name: 'f', useFactory: () => ({ queueOptions }) })],
      'queueOptions.pendingQueueName',
    );
  });

  it('with two queues of one worker prefix', async () => {
    const name = uniqueName();
    const queueOptions = { workerQueuePrefix: `${name}-worker` };
    await conflict(
      [QueueModule.forRoot(rootOptions(name)), QueueModule.forFeature({ name, queueOptions })],
      'queueOptions.workerQueuePrefix',
    );
  });

  it('with two root queues', async () => {
    await conflict(
      [QueueModule.forRoot(rootOptions(uniqueName())), QueueModule.forRoot(rootOptions(uniqueName()))],
      'two root queues',
    );
  });

  it('with a feature and no root queue', async () => {
    const start = startApp([QueueModule.forFeature({ name: 'alone' })]);
    await expect(start).rejects.toThrow(InvalidOptionsError);
    await expect(start).rejects.toThrow(/forFeature 'alone'.*no root queue.*QueueModule\.forRoot/);
    await expect(
      startApp([QueueModule.forFeatureAsync({ name: 'alone', useFactory: () => ({}) })]),
    ).rejects.toThrow(/no root queue/);
  });

  it.each([[undefined], [{}], [{ name: '' }], [{ name: 5 }]])(
    'with a nameless feature: %p',
    async (options) => {
      const start = startApp([
        QueueModule.forRoot(rootOptions(uniqueName())),
        QueueModule.forFeature(options as unknown as QueueFeatureOptions),
      ]);
      await expect(start).rejects.toThrow(InvalidOptionsError);
      await expect(start).rejects.toThrow(/name: got .*, allowed: the name of the feature, not empty/);
    },
  );

  it('with the root queue’s problem, although a feature cannot be made because of it', async () => {
    const root = QueueModule.forRoot(rootOptions(uniqueName(), { workerOptions: { workerCount: 0 } }));
    for (const imports of [
      [QueueModule.forFeature({ name: 'f' }), root],
      [root, QueueModule.forFeature({ name: 'f' })],
    ]) {
      await expect(startApp(imports)).rejects.toThrow(/workerOptions\.workerCount: got 0/);
    }
  });
});

describe('tokens', () => {
  it('are the classes for the root queue, and words of their own for each service of each feature', () => {
    const tokens = [
      getQueueServiceToken,
      getWorkerServiceToken,
      getSchedulerServiceToken,
      getElectionServiceToken,
    ];
    expect(tokens.map((tokenOf) => tokenOf())).toEqual([
      QueueService,
      WorkerService,
      SchedulerService,
      ElectionService,
    ]);
    const named = tokens.flatMap((tokenOf) => [tokenOf('a'), tokenOf('b')]);
    expect(new Set(named).size).toBe(8);
    expect(tokens.map((tokenOf) => tokenOf('a'))).toEqual(tokens.map((tokenOf) => tokenOf('a')));
  });

  it('find the services of their queue', async () => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(rootOptions(name)),
      QueueModule.forFeature({ name: `${name}-f` }),
    ]);
    expect(app.get(getQueueServiceToken(`${name}-f`))).toBeInstanceOf(QueueService);
    expect(app.get(getWorkerServiceToken(`${name}-f`))).toBeInstanceOf(WorkerService);
    expect(app.get(getSchedulerServiceToken(`${name}-f`))).toBeInstanceOf(SchedulerService);
    const election = app.get<ElectionService>(getElectionServiceToken(`${name}-f`));
    expect(election).toBeInstanceOf(ElectionService);
    expect(election).not.toBe(app.get(ElectionService));
    await until(
      'both queues have a leader',
      () => election.isLeader() && app.get(ElectionService).isLeader(),
    );
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Global,
  Inject,
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  IncompatibleLayoutError,
  QueueClosedError,
  QueueModule,
  QueueService,
  WorkerService,
  type QueueRole,
} from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';
import {
  ourConnections,
  startRedis,
  stopRedisServers,
  withClient,
  type OwnRedis,
} from './support/redis-server.js';

/** A server of this file alone: its connections are counted. */
let own: OwnRedis;
beforeAll(async () => {
  own = await startRedis();
});
beforeEach(() => log.clear());
afterEach(closeApps);
afterAll(stopRedisServers);

const options = (name: string, more: Parameters<typeof rootOptions>[1] = {}) =>
  rootOptions(name, { redisOptions: { url: own.url }, ...more });
const noConnections = () =>
  until('no connection is left', async () => (await ourConnections(own.url)).length === 0, {
    timeoutMs: 5_000,
  });

describe('an application', () => {
  it('runs handlers only after every module has bootstrapped, and lets them end before any is destroyed; they and the hooks may add until the last one', async () => {
    const name = uniqueName();
    const said: string[] = [];
    const producer = await startApp([QueueModule.forRoot(options(name, { role: 'PRODUCER' }))]);
    await producer
      .get(QueueService)
      .addBulk([1, 2].map((n) => ({ type: 'slow', identifyTag: 'tag', payload: n })));
    const started = gate();
    const release = gate();

    /** Stands for a database that handlers use. */
    @Injectable()
    class Database implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
      onModuleInit(): void {
        said.push('database init');
      }
      async onApplicationBootstrap(): Promise<void> {
        await new Promise((resolve) => setImmediate(resolve));
        said.push('database bootstrap');
      }
      onModuleDestroy(): void {
        said.push('database destroy');
      }
      onApplicationShutdown(): void {
        said.push('database shutdown');
      }
    }
    @Global()
    @Module({ providers: [Database], exports: [Database] })
    class DatabaseModule {}

    @Injectable()
    class Handlers
      implements
        OnModuleInit,
        OnApplicationBootstrap,
        OnModuleDestroy,
        BeforeApplicationShutdown,
        OnApplicationShutdown
    {
      constructor(
        @Inject(WorkerService) private readonly workers: WorkerService,
        @Inject(QueueService) private readonly queue: QueueService,
      ) {}
      async onModuleInit(): Promise<void> {
        // The tasks are there already: a worker that ran now would fail them.
        await new Promise((resolve) => setTimeout(resolve, 30));
        said.push('handlers init');
      }
      onApplicationBootstrap(): void {
        this.workers.registerHandler('slow', async (payload: number) => {
          said.push(`task ${payload} begins`);
          started.open();
          await release.promise;
          await this.queue.add({ type: 'later', identifyTag: 'tag', payload: 'from a running task' });
          said.push(`task ${payload} ends`);
        });
        said.push('handlers bootstrap');
      }
      async onModuleDestroy(): Promise<void> {
        await this.queue.add({ type: 'later', identifyTag: 'tag', payload: 'from onModuleDestroy' });
        said.push('handlers destroy');
      }
      async beforeApplicationShutdown(): Promise<void> {
        await this.queue.add({
          type: 'later',
          identifyTag: 'tag',
          payload: 'from beforeApplicationShutdown',
        });
      }
      async onApplicationShutdown(): Promise<void> {
        await this.queue.add({ type: 'later', identifyTag: 'tag', payload: 'from onApplicationShutdown' });
        said.push('handlers shutdown');
      }
    }
    const app = await startApp([DatabaseModule, QueueModule.forRoot(options(name))], {
      providers: [Handlers],
    });
    await started.promise;
    const closed = app.close();
    await until('the drain began', () => log.texts('LOG').some((text) => /stopping/i.test(text)));
    release.open();
    await closed;

    expect(said).toEqual([
      'database init',
      'handlers init',
      'database bootstrap',
      'handlers bootstrap',
      'task 1 begins',
      'task 1 ends',
      'handlers destroy',
      'database destroy',
      'handlers shutdown',
      'database shutdown',
    ]);
    // The second task went back, with everything that was added on the way.
    expect(await producer.get(QueueService).getQueueStats()).toMatchObject({
      waiting: 5,
      active: 0,
      completed: 1,
    });
  });

  it('drains all its queues at the same time', async () => {
    const name = uniqueName();
    const names = [`${name}-a`, `${name}-b`];
    const app = await startApp([
      QueueModule.forRoot(options(name, { role: 'PRODUCER' })),
      ...names.map((feature) => QueueModule.forFeature({ name: feature, role: 'BOTH' })),
    ]);
    const stopped: string[] = [];
    const running = gate();
    const release = gate();
    let begun = 0;
    for (const feature of names) {
      app
        .get<WorkerService>(`AffinityQueue:WorkerService:${feature}`)
        .registerHandler('wait', async (_, { signal }) => {
          if (++begun === 2) running.open();
          await release.promise;
          stopped.push(`${feature} ${signal.aborted}`);
        });
      const queue = app.get<QueueService>(`AffinityQueue:QueueService:${feature}`);
      await queue.add({ type: 'wait', identifyTag: 'tag', payload: 0 });
    }
    await running.promise;
    const closed = app.close();
    const isStopping = (feature: string): boolean =>
      log.texts('LOG').some((text) => text.startsWith(`Queue ${feature}-pending-tasks is stopping`));
    await until('both began to stop', () => names.every(isStopping));
    release.open();
    await closed;
    expect(stopped.sort()).toEqual(names.map((feature) => `${feature} false`));
  });

  it('can be closed twice, also at the same time, and its services say that they are closed', async () => {
    const app = await startApp([QueueModule.forRoot(options(uniqueName()))]);
    const queue = app.get(QueueService);
    const workers = app.get(WorkerService);
    workers.registerHandler('note', () => undefined);
    await queue.waitUntilFinished(await queue.add({ type: 'note', identifyTag: 't', payload: 0 }), 10_000);
    await Promise.all([app.close(), app.close()]);
    await app.close();
    await noConnections();
    await expect(queue.add({ type: 'note', identifyTag: 't', payload: 0 })).rejects.toThrow(QueueClosedError);
    await expect(queue.getQueueStats()).rejects.toThrow(QueueClosedError);
    await expect(queue.getWorkers()).rejects.toThrow(QueueClosedError);
    await workers.stop();
    expect(workers.getWorkerStates()).toEqual([]);
    expect(log.texts('ERROR')).toEqual([]);
  });

  it('that is made and never started connects only if it is used', async () => {
    const name = uniqueName();
    const made = await Test.createTestingModule({ imports: [QueueModule.forRoot(options(name))] }).compile();
    expect(await ourConnections(own.url)).toEqual([]);
    const job = await made.get(QueueService).add({ type: 'note', identifyTag: 't', payload: 0 });
    expect(await job.getState()).toBe('waiting');
    expect(await ourConnections(own.url)).toHaveLength(1);
    await made.close();
    await noConnections();
    const unused = await Test.createTestingModule({
      imports: [QueueModule.forRoot(options(name))],
    }).compile();
    await unused.close();
    await noConnections();
  });

  it('closes while tasks run that ignore their signal', async () => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(options(name, { workerOptions: { shutdownTimeout: 50 } })),
    ]);
    const began = gate();
    const release = gate();
    app.get(WorkerService).registerHandler('deaf', () => {
      began.open();
      return release.promise;
    });
    await app.get(QueueService).add({ type: 'deaf', identifyTag: 't', payload: 0 });
    await began.promise;
    const before = performance.now();
    await app.close();
    expect(performance.now() - before).toBeLessThan(5_000);
    await noConnections();
    release.open();
  });
});

describe('a start that fails half-way leaves no connection', () => {
  const failing = async (start: Promise<unknown>, message: string): Promise<void> => {
    await expect(start).rejects.toThrow(message);
    await noConnections();
  };

  it('when a provider of the application cannot be made', async () => {
    const broken = { provide: 'broken', useFactory: () => Promise.reject(new Error('no licence')) };
    await failing(
      startApp([QueueModule.forRoot(options(uniqueName()))], { providers: [broken] }),
      'no licence',
    );
  });

  it.each(['onModuleInit', 'onApplicationBootstrap'])('when %s of the application throws', async (hook) => {
    const broken = {
      provide: 'broken',
      useValue: {
        [hook]: () => {
          throw new Error('no licence');
        },
      },
    };
    await failing(
      startApp([QueueModule.forRoot(options(uniqueName()))], { providers: [broken] }),
      'no licence',
    );
  });

  it('when the options of a feature are wrong', async () => {
    const name = uniqueName();
    const feature = QueueModule.forFeature({ name: `${name}-f`, workerOptions: { workerCount: 0 } });
    await failing(startApp([QueueModule.forRoot(options(name)), feature]), 'workerOptions.workerCount');
  });

  it('when the Redis of a feature is not there', async () => {
    const name = uniqueName();
    const redisOptions = { port: 1, commandTimeout: 1_000 };
    const feature = QueueModule.forFeature({ name: `${name}-f`, redisOptions });
    await failing(
      startApp([QueueModule.forRoot(options(name)), feature]),
      'localhost:1, db 0 cannot be reached',
    );
  });

  it('when a worker cannot be registered, and no queue of the application works on', async () => {
    const name = uniqueName();
    // Seen by the scripts alone: the registry of the feature is no hash.
    const registry = `scheduler:${name}-f-pending-tasks:worker:registry`;
    await withClient(own.url, (client) => client.set(registry, 'something else'));
    const start = startApp([
      QueueModule.forRoot(options(name)),
      QueueModule.forFeature({ name: `${name}-f` }),
    ]);
    await failing(start, 'WRONGTYPE');
    const left = await withClient(own.url, (client) => client.keys(`scheduler:${name}-pending:*`));
    expect(left.filter((key) => /election:lock|worker:registry|leader:info/.test(key))).toEqual([]);
  });
});

describe('data of another layout', () => {
  it.each<QueueRole>(['SCHEDULER', 'WORKER', 'BOTH', 'PRODUCER'])('is refused in role %s', async (role) => {
    const name = uniqueName();
    await withClient(own.url, (client) => client.hset(`bull:${name}-pending:aff:ctl`, 'layout', '999'));
    const start = startApp([QueueModule.forRoot(options(name, { role }))]);
    await expect(start).rejects.toThrow(IncompatibleLayoutError);
    await expect(start).rejects.toMatchObject({
      message: expect.stringMatching(
        new RegExp(`Queue '${name}-pending' has layout 999 .*, this instance 1:`),
      ),
      details: { queueName: `${name}-pending`, found: '999', expected: `1:${name}-worker` },
    });
    await noConnections();
    const keys = await withClient(own.url, (client) => client.keys(`*${name}*`));
    expect(keys).toEqual([`bull:${name}-pending:aff:ctl`]);
  });

  it('of a feature is refused too', async () => {
    const name = uniqueName();
    await withClient(own.url, (client) => client.hset(`bull:${name}-f-pending-tasks:aff:ctl`, 'layout', '0'));
    await expect(
      startApp([QueueModule.forRoot(options(name)), QueueModule.forFeature({ name: `${name}-f` })]),
    ).rejects.toThrow(`Queue '${name}-f-pending-tasks' has layout 0`);
  });

  it('and so is another workerQueuePrefix, whose workers the others would not see', async () => {
    const name = uniqueName();
    const first = await startApp([QueueModule.forRoot(options(name))]);
    const { queueOptions, ...rest } = options(name);
    const other = { ...rest, queueOptions: { ...queueOptions, workerQueuePrefix: `${name}-renamed` } };
    await expect(startApp([QueueModule.forRoot(other)])).rejects.toMatchObject({
      code: 'AFFINITY_INCOMPATIBLE_LAYOUT',
      details: { found: `1:${name}-worker`, expected: `1:${name}-renamed` },
    });
    await first.close();
  });
});

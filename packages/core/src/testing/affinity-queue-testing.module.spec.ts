import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import {
  ElectionService,
  getElectionServiceToken,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
  InjectQueueService,
  InvalidOptionsError,
  OnQueueEvent,
  QueueModule,
  QueueNameConflictError,
  QueueService,
  SchedulerService,
  TaskHandler,
  WorkerService,
  type QueueEventOf,
  type QueueOptionsFactory,
  type TaskContext,
} from '../index.js';
import { Registry } from 'prom-client';
import { QueueHealthModule, QueueHealthService } from '../health/index.js';
import { QueueMetricsModule } from '../metrics/index.js';
import { AffinityQueueTesting, AffinityQueueTestingModule } from './index.js';

const task = (payload: unknown = null) => ({ type: 'note', identifyTag: 't', payload });

const applications: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(applications.splice(0).map((app) => app.close()));
});

async function start(builder: TestingModuleBuilder): Promise<TestingModule> {
  const app = await builder.compile();
  applications.push(app);
  return app.init();
}

const startWith = (...imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) =>
  start(Test.createTestingModule({ imports }));

describe('AffinityQueueTestingModule', () => {
  it('provides every service of every queue under its tokens', async () => {
    const app = await startWith(
      AffinityQueueTestingModule.forRoot({ workerOptions: { workerCount: 2 } }),
      AffinityQueueTestingModule.forFeature({ name: 'mail', workerOptions: { workerCount: 1 } }),
    );
    expect(app.get<QueueService>(getQueueServiceToken())).toBe(app.get(QueueService));
    expect(app.get<WorkerService>(getWorkerServiceToken()).getWorkerStates()).toHaveLength(2);
    expect(app.get<WorkerService>(getWorkerServiceToken('mail')).getWorkerStates()).toHaveLength(1);
    expect(app.get<SchedulerService>(getSchedulerServiceToken('mail')).isScheduling).toBe(true);
    expect(app.get(SchedulerService).isScheduling).toBe(true);
    expect(app.get<ElectionService>(getElectionServiceToken('mail')).nodeId).toBe(
      app.get(ElectionService).nodeId,
    );
  });

  it('keeps queues whose health can be asked for and whose tasks are counted, by override', async () => {
    const registry = new Registry();
    const imports = [
      QueueModule.forRoot({ workerOptions: { workerCount: 2 } }),
      QueueHealthModule.register({}),
      QueueMetricsModule.register({ registry }),
    ];
    const app = await start(AffinityQueueTestingModule.override(Test.createTestingModule({ imports })));
    app.get(WorkerService).registerHandler('note', () => 'done');
    const { nodeId } = app.get(ElectionService);
    await app.get(QueueService).add(task());
    const [health] = Object.values((await app.get(QueueHealthService).check()).queues);
    expect(health).toMatchObject({
      status: 'up',
      problems: [],
      leader: { nodeId, isSelf: true },
      workers: { expected: 2, ready: 2 },
      oldestWaitingTag: { identifyTag: 't', waitingMs: 0 },
    });
    await app.get(AffinityQueueTesting).runUntilIdle();
    const said = await registry.metrics();
    expect(said).toMatch(/^affinity_queue_tasks_total\{[^}]*outcome="completed"[^}]*\} 1$/m);
    expect(said).toMatch(/^affinity_queue_has_leader\{[^}]*\} 1$/m);
  });

  it('runs the tasks of several queues on one clock, also those that they add to each other', async () => {
    @Injectable()
    class Chain {
      readonly ran: string[] = [];

      constructor(
        private readonly root: QueueService,
        @InjectQueueService('mail') private readonly mail: QueueService,
        workers: WorkerService,
        @Inject(getWorkerServiceToken('mail')) mailWorkers: WorkerService,
      ) {
        workers.registerHandler('note', async (payload: number) => {
          this.ran.push(`root ${payload}`);
          if (payload > 0) await this.mail.add(task(payload - 1), { delay: 1_000 });
        });
        mailWorkers.registerHandler('note', async (payload: number) => {
          this.ran.push(`mail ${payload}`);
          if (payload > 0) await this.root.add(task(payload - 1), { delay: 1_000 });
        });
      }
    }

    const app = await start(
      Test.createTestingModule({
        imports: [
          AffinityQueueTestingModule.forRoot(),
          AffinityQueueTestingModule.forFeature({ name: 'mail' }),
        ],
        providers: [Chain],
      }),
    );
    const { ran } = app.get(Chain);
    const testing = app.get(AffinityQueueTesting);
    const from = testing.clock.nowMs();
    await app.get(QueueService).add(task(3));
    await testing.runUntilIdle();
    expect(ran).toEqual(['root 3']);
    await testing.runUntilIdle({ advance: true });
    expect(ran).toEqual(['root 3', 'mail 2', 'root 1', 'mail 0']);
    expect(testing.clock.nowMs() - from).toBe(3_000);
  });

  it('takes options from a factory', async () => {
    class Options implements QueueOptionsFactory {
      createQueueOptions() {
        return { workerOptions: { workerCount: 3 } };
      }
    }
    const app = await startWith(
      AffinityQueueTestingModule.forRootAsync({ useClass: Options }, { startTime: new Date(5_000) }),
      AffinityQueueTestingModule.forFeatureAsync({ name: 'mail', useFactory: async () => ({}) }),
    );
    expect(app.get(WorkerService).getWorkerStates()).toHaveLength(3);
    expect(app.get<WorkerService>(getWorkerServiceToken('mail')).getWorkerStates()).toHaveLength(3);
    expect(app.get(AffinityQueueTesting).clock.nowMs()).toBe(5_000);
  });

  it('refuses what QueueModule refuses', async () => {
    const { forRoot, forFeature } = AffinityQueueTestingModule;
    await expect(startWith(forRoot({ workerOptions: { maxBatchSize: 0 } }))).rejects.toThrow(
      InvalidOptionsError,
    );
    await expect(startWith(forFeature({ name: 'mail' }))).rejects.toThrow(InvalidOptionsError);
    await expect(startWith(forRoot(), forFeature({} as never))).rejects.toThrow(InvalidOptionsError);
    const same = forFeature({ name: 'mail', queueOptions: { pendingQueueName: 'pending-tasks' } });
    await expect(startWith(forRoot(), same)).rejects.toThrow(QueueNameConflictError);
  });

  it('calls decorated methods: handlers, and listeners of events', async () => {
    @Injectable()
    class Decorated {
      readonly seen: unknown[] = [];

      @TaskHandler('note')
      root(payload: unknown): unknown {
        return `root ${String(payload)}`;
      }

      @TaskHandler('note', { queue: 'mail' })
      mail(payload: unknown, { identifyTag }: TaskContext): unknown {
        return `${identifyTag} ${String(payload)}`;
      }

      @OnQueueEvent('completed', { queue: 'mail' })
      onCompleted({ returnvalue }: QueueEventOf<'completed'>): void {
        this.seen.push(returnvalue);
        throw new Error('a listener that fails');
      }
    }

    const app = await start(
      Test.createTestingModule({
        imports: [
          AffinityQueueTestingModule.forRoot(),
          AffinityQueueTestingModule.forFeature({ name: 'mail' }),
        ],
        providers: [Decorated],
      }),
    );
    app.useLogger(false); // the failure of the listener is logged
    const mail = app.get<QueueService>(getQueueServiceToken('mail'));
    const errors: unknown[] = [];
    mail.errors$.subscribe((error) => errors.push(error));
    expect(await app.get(QueueService).waitUntilFinished(await app.get(QueueService).add(task(1)))).toBe(
      'root 1',
    );
    await mail.add(task(2));
    await app.get(AffinityQueueTesting).runUntilIdle();
    expect(app.get(Decorated).seen).toEqual(['t 2']);
    expect(errors).toMatchObject([{ message: 'a listener that fails' }]);
  });

  it('keeps the queues of modules in memory that import QueueModule themselves', async () => {
    @Module({
      imports: [
        // Nothing listens there.
        QueueModule.forRoot({ redisOptions: { host: '127.0.0.1', port: 1 } }),
        QueueModule.forFeature({ name: 'mail' }),
      ],
    })
    class AppModule {}

    const startTime = new Date('2026-02-28T12:00:00Z');
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const app = await start(AffinityQueueTestingModule.override(builder, { startTime }));
    const queue = app.get<QueueService>(getQueueServiceToken('mail'));
    app
      .get<WorkerService>(getWorkerServiceToken('mail'))
      .registerHandler('note', (payload: unknown) => payload);
    const job = await queue.add(task('hello'));
    expect(job.timestamp).toBe(startTime.getTime());
    await app.get(AffinityQueueTesting).runUntilIdle();
    expect(await queue.waitUntilFinished(job, 0)).toBe('hello');
  });

  it('an application that closes aborts what runs, and leaves nothing behind', async () => {
    const app = await startWith(AffinityQueueTestingModule.forRoot({}, { autoRun: true }));
    const signals: AbortSignal[] = [];
    app.get(WorkerService).registerHandler('note', (_payload, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    await app.get(QueueService).add(task());
    await new Promise((resolve) => setImmediate(resolve));
    expect(signals).toHaveLength(1);
    await app.close();
    expect(signals[0]).toMatchObject({ aborted: true, reason: { code: 'AFFINITY_LEASE_LOST' } });
  });

  it('uses no timers, whatever waits', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const options = { workerOptions: { taskTimeout: 1_000 } };
    const app = await startWith(AffinityQueueTestingModule.forRoot(options, { autoRun: true }));
    const queue = app.get(QueueService);
    app.get(WorkerService).registerHandler('note', () => new Promise(() => undefined));
    const job = await queue.add(task());
    await queue.add(task(), { delay: 1_000 });
    const waiting = [queue.waitUntilFinished(job, 1_000), queue.waitUntilFinished(job)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(await job.getState()).toBe('active');
    expect(timers()).toBe(before);
    const ends = Promise.allSettled(waiting);
    await app.close();
    expect(await ends).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(timers()).toBe(before);
  });
});

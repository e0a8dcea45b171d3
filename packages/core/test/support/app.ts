import 'reflect-metadata';
import {
  Inject,
  Injectable,
  Logger,
  Module,
  type INestApplicationContext,
  type OnModuleInit,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ElectionService,
  QueueModule,
  QueueService,
  SchedulerService,
  WorkerService,
  type QueueModuleOptions,
} from '../../src/index.js';
import { testRedisUrl } from './redis.js';

export interface TestInstance {
  readonly app: INestApplicationContext;
  readonly queue: QueueService;
  readonly workers: WorkerService;
  readonly scheduler: SchedulerService;
  readonly election: ElectionService;
  close(): Promise<void>;
}

export type Register = (workers: WorkerService) => void;

/** Short leases, so that tests of failures are quick; long enough for a busy machine. */
export const quickElection = { electionLockTtl: 1_000, heartbeatInterval: 200, heartbeatTimeout: 1_000 };

export const allInstances = new Set<TestInstance>();

/** One application with the root queue, as a process would have it. */
export async function startInstance(
  options: QueueModuleOptions & { name: string },
  register: Register = () => undefined,
): Promise<TestInstance> {
  const { name, queueOptions, electionOptions, redisOptions, ...rest } = options;

  @Injectable()
  class Handlers implements OnModuleInit {
    constructor(@Inject(WorkerService) private readonly workers: WorkerService) {}

    onModuleInit(): void {
      register(this.workers);
    }
  }

  @Module({
    providers: [Handlers],
    imports: [
      QueueModule.forRoot({
        locale: 'en',
        ...rest,
        redisOptions: redisOptions ?? { url: testRedisUrl() },
        queueOptions: {
          pendingQueueName: `${name}-pending`,
          workerQueuePrefix: `${name}-worker`,
          workerStatePrefix: `${name}-state`,
          ...queueOptions,
        },
        electionOptions: { ...quickElection, ...electionOptions },
      }),
    ],
  })
  class TestModule {}

  const app: INestApplicationContext = await NestFactory.createApplicationContext(TestModule, {
    logger: testLogger(),
    abortOnError: false,
  });
  const instance: TestInstance = {
    app,
    queue: app.get(QueueService),
    workers: app.get(WorkerService),
    scheduler: app.get(SchedulerService),
    election: app.get(ElectionService),
    close: async () => {
      allInstances.delete(instance);
      await app.close();
    },
  };
  allInstances.add(instance);
  return instance;
}

/** For `afterEach`: whatever a failed test left running. */
export async function closeAll(): Promise<void> {
  await Promise.all([...allInstances].map((instance) => instance.close()));
}

function testLogger(): Logger | false {
  return process.env.AFFINITY_TEST_LOG === undefined ? false : new Logger();
}

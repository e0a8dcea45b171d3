import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ElectionService,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
  QueueModule,
  type QueueModuleOptions,
  type QueueService,
  type SchedulerService,
  type WorkerService,
} from 'nestjs-affinity-queue';
import { queueNames, taskSettings } from './peer.js';

export const taskType = 'bench';

export interface AffinityQueue {
  readonly service: QueueService;
  readonly workers: WorkerService;
  readonly scheduler: SchedulerService;
}

export interface AffinityApp {
  /** The root queue first. */
  readonly queues: readonly [AffinityQueue, ...AffinityQueue[]];
  readonly election: ElectionService;
  close(): Promise<void>;
}

export interface AffinityAppOptions extends QueueModuleOptions {
  readonly redisUrl: string;
  readonly queues?: number | undefined;
}

/** A Nest application with one queue or several, as a process would have it. */
export async function startAffinity({
  redisUrl,
  queues,
  ...options
}: AffinityAppOptions): Promise<AffinityApp> {
  const features = queueNames(queues).slice(1);
  class BenchModule {}
  Module({
    imports: [
      QueueModule.forRoot({
        ...options,
        redisOptions: { url: redisUrl },
        queueOptions: { defaultTaskOptions: taskSettings, schedulerInterval: 1_000, ...options.queueOptions },
      }),
      ...features.map((name) => QueueModule.forFeature({ name })),
    ],
  })(BenchModule);
  const app = await NestFactory.createApplicationContext(BenchModule, { logger: false, abortOnError: false });
  const root = servicesOf(app);
  return {
    queues: [root, ...features.map((name) => servicesOf(app, name))],
    election: app.get(ElectionService),
    close: () => app.close(),
  };
}

function servicesOf(app: INestApplicationContext, name?: string): AffinityQueue {
  return {
    service: app.get<QueueService>(getQueueServiceToken(name)),
    workers: app.get<WorkerService>(getWorkerServiceToken(name)),
    scheduler: app.get<SchedulerService>(getSchedulerServiceToken(name)),
  };
}

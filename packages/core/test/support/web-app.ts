import 'reflect-metadata';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  ElectionService,
  QueueModule,
  QueueService,
  WorkerService,
  getQueueServiceToken,
  getWorkerServiceToken,
  type QueueModuleOptions,
  type QueueRole,
} from '../../src/index.js';
import { calmElection } from './calm.js';
import { testRedisUrl } from './redis.js';

export const adapters: Readonly<Record<'Express' | 'Fastify', () => AbstractHttpAdapter>> = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
};

export interface WebApp {
  readonly app: INestApplication;
  /** Without a slash at its end. */
  readonly url: string;
  readonly names: { readonly root: string; readonly feature: string };
  readonly queue: QueueService;
  readonly workers: WorkerService;
  readonly election: ElectionService;
  readonly feature: { readonly queue: QueueService; readonly workers: WorkerService };
  close(): Promise<void>;
}

const running = new Set<WebApp>();

export interface WebAppOptions {
  readonly name: string;
  readonly imports: readonly unknown[];
  readonly adapter?: keyof typeof adapters;
  readonly queueOptions?: QueueModuleOptions;
  /** Of the feature; without it that of the root queue. */
  readonly featureRole?: QueueRole;
  /** Before it listens. */
  readonly prepare?: (app: INestApplication) => void;
  readonly register?: (workers: WorkerService) => void;
}

/** An HTTP application with the root queue and a feature, on a port of its own. */
export async function startWebApp(options: WebAppOptions): Promise<WebApp> {
  const { name, imports, adapter = 'Express', queueOptions, featureRole, prepare, register } = options;
  const names = { root: `${name}-pending`, feature: `${name}-mail-pending` };

  @Module({
    imports: [
      QueueModule.forRoot({
        locale: 'en',
        redisOptions: { url: testRedisUrl() },
        electionOptions: calmElection,
        ...queueOptions,
        queueOptions: {
          pendingQueueName: names.root,
          workerQueuePrefix: `${name}-worker`,
          workerStatePrefix: `${name}-state`,
          ...queueOptions?.queueOptions,
        },
        workerOptions: { shutdownTimeout: 2_000, ...queueOptions?.workerOptions },
      }),
      QueueModule.forFeature({
        name: 'mail',
        ...(featureRole && { role: featureRole }),
        queueOptions: {
          pendingQueueName: names.feature,
          workerQueuePrefix: `${name}-mail-worker`,
          workerStatePrefix: `${name}-mail-state`,
        },
      }),
      ...(imports as Type[]),
    ],
  })
  class WebModule {}

  const app = await NestFactory.create(WebModule, adapters[adapter](), {
    logger: false,
    abortOnError: false,
  });
  prepare?.(app);
  register?.(app.get(WorkerService));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const started: WebApp = {
    app,
    url: `http://127.0.0.1:${port}`,
    names,
    queue: app.get(QueueService),
    workers: app.get(WorkerService),
    election: app.get(ElectionService),
    feature: {
      queue: app.get(getQueueServiceToken('mail')),
      workers: app.get(getWorkerServiceToken('mail')),
    },
    close: async () => {
      running.delete(started);
      await app.close();
    },
  };
  running.add(started);
  return started;
}

/** For `afterEach`: whatever a failed test left running. */
export async function closeWebApps(): Promise<void> {
  await Promise.all([...running].map((one) => one.close()));
}

import 'reflect-metadata';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, Module, type DynamicModule, type Type, type ValueProvider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Server } from 'node:http';
import request from 'supertest';
import { QueueService, getQueueServiceToken, type Task } from '../../src/index.js';
import { resolveRootOptions } from '../../src/options/resolve-options.js';
import { databases, withEnvironment } from './support/environment.js';
import { readSample } from './support/type-check.js';

beforeEach(() => {
  Logger.overrideLogger(false);
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** The providers of options among the imports of a module, so that only the address of Redis can be replaced. */
function givenOptions(module: Type): ValueProvider<Record<string, unknown>>[] {
  const imports = Reflect.getMetadata('imports', module) as DynamicModule[];
  return imports
    .flatMap(({ providers = [] }) => providers)
    .filter(
      (provider): provider is ValueProvider<Record<string, unknown>> =>
        typeof provider === 'object' && 'useValue' in provider && 'redisOptions' in Object(provider.useValue),
    );
}

describe('the basic usage', () => {
  it('runs tasks of the root queue and of the second queue', async () => {
    const { AppModule } = await import('./samples/basic/app.module.js');
    const { TaskService } = await import('./samples/basic/task.service.js');
    const { TaskHandlerService } = await import('./samples/basic/task-handler.service.js');

    @Module({ imports: [AppModule], providers: [TaskService, TaskHandlerService] })
    class Application {}

    await withEnvironment({ database: databases.samples }, async (url) => {
      const builder = Test.createTestingModule({ imports: [Application] });
      const options = givenOptions(AppModule);
      expect(options).toHaveLength(2);
      for (const { provide, useValue } of options) {
        builder.overrideProvider(provide).useValue({ ...useValue, redisOptions: { url } });
      }
      const app = await builder.compile();
      await app.init();
      try {
        const tasks = app.get(TaskService);
        const sent = { status: 'sent', messageId: expect.stringMatching(/^MSG-\d+$/) };
        const job = await tasks.addTask();
        await expect(app.get(QueueService).waitUntilFinished(job, 10_000)).resolves.toEqual(sent);
        const urgent = await tasks.addUrgentTask();
        const urgentQueue = app.get<QueueService>(getQueueServiceToken('high-priority'));
        await expect(urgentQueue.waitUntilFinished(urgent, 10_000)).resolves.toEqual(sent);
        expect([app.get(QueueService), urgentQueue].map(({ queue }) => queue.name)).toEqual([
          'my-app-pending-tasks',
          'high-app-pending-tasks',
        ]);
      } finally {
        await app.close();
      }
    });
  });
});

describe('the whole application', () => {
  it('takes tasks over HTTP, runs them and shows numbers', async () => {
    await withEnvironment({ database: databases.samples, APP_ROLE: '', MAX_BATCH_SIZE: '' }, async () => {
      const { AppModule } = await import('./samples/application/app.module.js');
      const compiled = await Test.createTestingModule({ imports: [AppModule] }).compile();
      const app = compiled.createNestApplication();
      await app.listen(0, '127.0.0.1');
      try {
        const http = request(app.getHttpServer() as Server);
        const task: Task = { type: 'generate-invoice', identifyTag: 'company-123', payload: { amount: 12 } };
        const added = await http.post('/tasks').send(task).expect(201);
        expect(added.body).toEqual({ message: '任务已添加到队列', jobId: expect.any(String), task });
        const result = await app.get(QueueService).waitUntilFinished(added.body.jobId as string, 10_000);
        expect(result).toEqual({ status: 'generated', invoiceId: expect.stringMatching(/^INV-\d+$/) });
        const stats = await http.get('/queue/stats').expect(200);
        expect(stats.body).toMatchObject({ waiting: 0, active: 0, completed: 1, failed: 0, paused: false });
      } finally {
        await app.close();
      }
    });
  });
});

describe('the documented variables', () => {
  it('are the defaults of an application that sets nothing', () => {
    const variables = parseEnv(readSample('environment.env')) as Record<string, string>;
    expect(Object.keys(variables)).toHaveLength(13);
    const fromVariables = resolveRootOptions(undefined, (name) => variables[name]);
    expect(fromVariables).toEqual(resolveRootOptions(undefined, () => undefined));
    expect(fromVariables.warnings).toEqual([]);
  });
});

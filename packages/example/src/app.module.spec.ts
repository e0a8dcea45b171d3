import { rm } from 'node:fs/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AffinityQueueTesting, AffinityQueueTestingModule } from 'nestjs-affinity-queue/testing';
import request from 'supertest';
import { temporaryFolder } from '../test/support/handlers.js';

let app: NestExpressApplication;
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  // Nothing listens there: whoever asks for Redis would be told so.
  Object.assign(process.env, { DATA_DIR: folder, SMTP_URL: '', REDIS_URL: 'redis://127.0.0.1:1' });
  // Nest reads the environment when the module is loaded.
  const { AppModule } = await import('./app.module.js');
  const { configureHttp } = await import('./configure-http.js');
  const builder = Test.createTestingModule({ imports: [AppModule] });
  const testing = await AffinityQueueTestingModule.override(builder).compile();
  app = testing.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
  configureHttp(app, 100_000);
  await app.init();
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const http = () => request(app.getHttpServer());

describe('the whole application, without Redis', () => {
  it('takes a task over HTTP, runs it, and reports its result', async () => {
    const task = { type: 'process-data', identifyTag: 'company-9', payload: { amount: 12.5 } };
    const { body } = await http().post('/tasks').send(task).expect(201);
    expect((await http().get(`/tasks/${body.jobId}`).expect(200)).body.state).toBe('waiting');
    await app.get(AffinityQueueTesting).runUntilIdle();
    const report = await http().get(`/tasks/${body.jobId}`).expect(200);
    expect(report.body).toMatchObject({ state: 'completed', result: { status: 'completed', balance: 12.5 } });
    const stats = await http().get('/queue/stats').expect(200);
    expect(stats.body).toMatchObject({ completed: 1, waiting: 0 });
  });

  it('is healthy, and leads', async () => {
    const { body } = await http().get('/health').expect(200);
    expect(body).toMatchObject({ status: 'ok', isLeader: true, leader: body.nodeId });
  });

  it('refuses what it cannot take', async () => {
    await http().post('/tasks').send({ type: 'x' }).expect(400);
    await http().get('/tasks/nobody').expect(404);
  });
});

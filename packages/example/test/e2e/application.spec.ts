import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { temporaryFolder } from '../support/handlers.js';

let app: NestExpressApplication;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  Object.assign(process.env, {
    REDIS_URL: process.env.AFFINITY_TEST_REDIS_URL,
    DATA_DIR: folder,
    BULK_MAX_BYTES: '100000',
    WORKER_COUNT: '2',
    SMTP_URL: '',
  });
  // Nest reads the environment when the module is loaded.
  const { AppModule } = await import('../../src/app.module.js');
  const { configureHttp } = await import('../../src/configure-http.js');
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = testing.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
  configureHttp(app, 100_000);
  await app.init();
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const http = () => request(app.getHttpServer());
const welcome = {
  type: 'send-email',
  identifyTag: 'company-123',
  payload: { to: 'user@example.com', subject: '欢迎邮件' },
};

async function finished(id: string): Promise<any> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const { body } = await http().get(`/tasks/${id}`).expect(200);
    if (['completed', 'failed'].includes(body.state)) return body;
  }
  throw new Error(`task ${id} did not finish in time`);
}

describe('POST /tasks', () => {
  it('adds a task, answers as documented, and the task runs', async () => {
    const { body } = await http().post('/tasks').send(welcome).expect(201);
    expect(body).toEqual({ message: '任务已添加到队列', jobId: expect.any(String), task: welcome });

    const report = await finished(body.jobId);
    expect(report).toMatchObject({
      id: body.jobId,
      task: welcome,
      state: 'completed',
      result: { status: 'saved', messageId: `MSG-${body.jobId}` },
    });
  });

  it('adds the same jobId once', async () => {
    const task = {
      type: 'process-data',
      identifyTag: 'once',
      payload: { amount: 2 },
      options: { jobId: 'once-1' },
    };
    for (let time = 0; time < 2; time++) {
      const { body } = await http().post('/tasks').send(task).expect(201);
      expect(body.jobId).toBe('once-1');
    }
    await finished('once-1');
    const ledger = JSON.parse(await readFile(join(folder, 'ledgers', 'once.json'), 'utf8'));
    expect(ledger).toMatchObject({ balance: 2, entries: [{ taskId: 'once-1' }] });
  });

  it.each([
    ['an unknown type', { ...welcome, type: 'x' }, 'type: must be one of'],
    ['no tag', { ...welcome, identifyTag: '' }, 'identifyTag: must not be empty'],
    ['a wrong payload', { ...welcome, payload: { to: 'x' } }, 'payload.to: '],
    ['an unknown option', { ...welcome, options: { priority: 1 } }, 'options: '],
    ['an array', [welcome], 'a JSON object'],
  ])('answers %s with 400', async (_what, body, message) => {
    const response = await http().post('/tasks').send(body).expect(400);
    expect([response.body.message].flat().join('\n')).toContain(message);
  });

  it('answers broken JSON with 400', async () => {
    await http().post('/tasks').set('content-type', 'application/json').send('{"type":').expect(400);
  });

  it('answers what the queue itself refuses with 400', async () => {
    const reserved = await http()
      .post('/tasks')
      .send({ ...welcome, options: { jobId: 'meta' } })
      .expect(400);
    expect(reserved.body.message).toContain('meta');
    const large = { ...welcome, payload: { to: 'user@example.com', text: 'x'.repeat(300_000) } };
    await http().post('/tasks').send(large).expect(400);
  });

  it('answers a body that is too large with 413', async () => {
    await http()
      .post('/tasks')
      .send({ ...welcome, padding: 'x'.repeat(2_000_000) })
      .expect(413);
  });
});

describe('POST /tasks/bulk', () => {
  const entry = (n: number, tag = 'bulk') => ({
    type: 'process-data',
    identifyTag: tag,
    payload: { sequence: n, amount: n },
    options: { jobId: `${tag}-${n}` },
  });

  it('adds NDJSON in its order', async () => {
    const tasks = Array.from({ length: 25 }, (_, index) => entry(index + 1));
    const { body } = await http()
      .post('/tasks/bulk')
      .set('content-type', 'application/x-ndjson')
      .send(tasks.map((task) => JSON.stringify(task)).join('\n'))
      .expect(201);
    expect(body).toEqual({
      message: '任务已添加到队列',
      count: 25,
      jobIds: tasks.map(({ options }) => options.jobId),
    });

    await finished('bulk-25');
    const ledger = JSON.parse(await readFile(join(folder, 'ledgers', 'bulk.json'), 'utf8'));
    expect(ledger.entries.map(({ sequence }: any) => sequence)).toEqual(tasks.map((_, index) => index + 1));
  });

  it('adds a JSON array', async () => {
    const { body } = await http()
      .post('/tasks/bulk')
      .send([entry(1, 'array'), entry(2, 'array')])
      .expect(201);
    expect(body.count).toBe(2);
    await finished('array-2');
  });

  it('adds nothing when one task is wrong, and names its line', async () => {
    const lines = [entry(1, 'none'), { ...entry(2, 'none'), type: 'x' }].map((task) => JSON.stringify(task));
    const { body } = await http()
      .post('/tasks/bulk')
      .set('content-type', 'application/x-ndjson')
      .send(lines.join('\n'))
      .expect(400);
    expect(body.message).toEqual([expect.stringContaining('line 2: type: ')]);
    await http().get('/tasks/none-1').expect(404);
  });

  it('adds nothing when the queue refuses a task far down the list', async () => {
    const tasks = Array.from({ length: 600 }, (_, index) => entry(index + 1, 'far'));
    tasks.push({ ...entry(601, 'far'), options: { jobId: 'meta' } });
    const { body } = await http().post('/tasks/bulk').send(tasks).expect(400);
    expect(body.message).toContain('meta');
    await http().get('/tasks/far-1').expect(404);
  });

  it.each(['application/json', 'application/x-ndjson'])('answers too much %s with 413', async (type) => {
    await http()
      .post('/tasks/bulk')
      .set('content-type', type)
      .send(`["${'x'.repeat(100_001)}"]`)
      .expect(413);
  });

  it('answers another content type with 400', async () => {
    await http().post('/tasks/bulk').set('content-type', 'text/csv').send('a;b').expect(400);
  });
});

describe('the rest', () => {
  it('GET /tasks/:id answers an unknown id with 404', async () => {
    await http().get('/tasks/nobody').expect(404);
  });

  it('GET /queue/stats counts', async () => {
    const { body } = await http().get('/queue/stats').expect(200);
    expect(body).toMatchObject({ failed: 0, paused: false, completed: expect.any(Number) });
    expect(body.completed).toBeGreaterThan(0);
  });

  it('GET /health names the leader', async () => {
    const { body } = await http().get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'ok',
      role: 'BOTH',
      isLeader: true,
      leader: body.nodeId,
      problems: [],
    });
  });
});

import 'reflect-metadata';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Inject,
  Module,
  type INestApplicationContext,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DelayedError } from 'bullmq';
import {
  checkHistoryFiles,
  HistoryModule,
  QueueHistory,
  readHistory,
  type HistoryRecord,
} from '../../../src/history/index.js';
import { QueueModule, QueueService, WorkerService, type TaskContext } from '../../../src/index.js';
import { quickElection } from '../../support/app.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

let folder: string;
let name: string;
const apps: INestApplicationContext[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  name = uniqueName();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  rmSync(folder, { recursive: true });
});

async function start(
  handler: (payload: unknown, context: TaskContext) => unknown = () => 'done',
  further: Type[] = [],
): Promise<INestApplicationContext> {
  @Module({
    imports: [
      QueueModule.forRoot({
        workerOptions: { workerCount: 2, maxBatchSize: 3 },
        redisOptions: { url: testRedisUrl() },
        electionOptions: quickElection,
        queueOptions: {
          pendingQueueName: `${name}-pending`,
          workerQueuePrefix: `${name}-worker`,
          workerStatePrefix: `${name}-state`,
        },
      }),
      HistoryModule.forRoot({ folder }),
      ...further,
    ],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  apps.push(app);
  app.get(WorkerService).registerHandler('note', handler);
  return app;
}

async function stop(): Promise<void> {
  for (const app of apps.splice(0)) await app.close();
}

async function records(): Promise<HistoryRecord[]> {
  const all: HistoryRecord[] = [];
  for (const file of readdirSync(folder)) {
    const unread = (): never => {
      throw new Error('damaged');
    };
    for await (const record of readHistory(join(folder, file), unread)) all.push(record);
  }
  return all;
}

const task = (identifyTag: string, payload: unknown = 'go') => ({ type: 'note', identifyTag, payload });

describe('an application with the history module', () => {
  it('writes a sound history, one file per process', async () => {
    const app = await start();
    await start();
    const queue = app.get(QueueService);
    const jobs = await queue.addBulk(Array.from({ length: 30 }, (_, i) => task(`tag ${i % 5}`)));
    for (const job of jobs) await queue.waitUntilFinished(job, 10_000);
    app.get(QueueHistory).recorder.record('drained', {}, `${name}-pending`);
    await stop();

    expect(readdirSync(folder)).toHaveLength(2);
    const report = await checkHistoryFiles(folder);
    expect(report).toMatchObject({ ok: true, violations: [], overlaps: [], damage: [] });
    expect(report.counts).toMatchObject({ processes: 2, tasks: 30, starts: 30, commits: 30 });
  });

  it('has the whole way of a task', async () => {
    let runs = 0;
    const app = await start((_, { signal }) => {
      runs += 1;
      if (runs === 1) throw new Error('the first attempt fails');
      return signal.aborted;
    });
    const queue = app.get(QueueService);
    const job = await queue.add(task('a'), { jobId: 'mine', attempts: 2 });
    await queue.waitUntilFinished(job, 10_000);
    await stop();

    const about = { task: 'mine', tag: 'a' };
    const [gained] = (await records()).filter(({ type }) => type === 'leadership.gained') as {
      epoch?: string;
    }[];
    const { epoch } = gained!;
    const all = await records();
    expect(all.filter((record) => 'task' in record || 'call' in record)).toMatchObject([
      { type: 'add.invoked', ...about },
      { type: 'add.acknowledged', task: 'mine' },
      { type: 'task.started', ...about, attempt: 1, position: 1, epoch },
      { type: 'task.ended', ...about, attempt: 1, result: 'threw', aborted: false },
      { type: 'outcome.committed', ...about, attempt: 1, outcome: 'retried', epoch },
      { type: 'task.started', ...about, attempt: 2 },
      { type: 'task.ended', ...about, attempt: 2, result: 'returned' },
      { type: 'outcome.committed', ...about, attempt: 2, outcome: 'completed' },
    ]);
    const token = (all.find(({ type }) => type === 'task.started') as { token?: number }).token;
    expect(token).toBeGreaterThan(1e15);
    expect(all.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['queue.opened', 'leadership.gained', 'leader.acted', 'leadership.lost']),
    );
  });

  it('announces that a task leaves its order', async () => {
    const app = await start(async (_, { job, attempt }) => {
      if (attempt > 1) return 'done';
      await job.moveToDelayed(Date.now() + 10, job.token);
      throw new DelayedError();
    });
    const queue = app.get(QueueService);
    await queue.waitUntilFinished(await queue.add(task('a'), { jobId: 'mine' }), 10_000);
    await stop();
    const said = (await records()).filter((record) => 'attempt' in record);
    expect(said.map((record) => [record.type, 'attempt' in record && record.attempt])).toEqual([
      ['task.started', 1],
      ['task.leaving', 1],
      ['outcome.committed', 1],
      ['task.ended', 1],
      ['task.started', 2],
      ['task.ended', 2],
      ['outcome.committed', 2],
    ]);
    expect((await checkHistoryFiles(folder)).violations).toEqual([]);
  });

  it('says what became of calls that fail', async () => {
    const app = await start();
    const queue = app.get(QueueService);
    await expect(queue.add({ type: 'note', identifyTag: '', payload: 1 })).rejects.toThrow('identifyTag');
    await stop();
    await expect(queue.add(task('a'))).rejects.toThrow('closed');
    const all = await records();
    expect(all.filter(({ type }) => type.startsWith('add.'))).toMatchObject([
      { type: 'add.invoked', call: '1.0' },
      { type: 'add.failed', call: '1.0', error: 'AFFINITY_INVALID_TASK' },
    ]);
  });

  it('notes what is taken away', async () => {
    const app = await start(async (_, { signal }) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      throw new Error('as it was told');
    });
    const queue = app.get(QueueService);
    const [first, second] = await queue.addBulk([task('a'), task('a')]);
    await queue.remove(second!.id!);
    await until('it runs', async () => (await first!.getState()) === 'active');
    await queue.cancel(first!.id!);
    await queue.purgeTag('a');
    await until('it has failed', () => first!.isFailed());
    await queue.retryFailed();
    await until('it runs again', async () => (await first!.getState()) === 'active');
    await queue.cancel(first!.id!);
    await stop();
    const taken = (await records()).filter(({ type }) => /removed|purged|requeued/.test(type));
    expect(taken).toMatchObject([
      { type: 'task.removed', task: second!.id },
      { type: 'task.removed', task: first!.id },
      { type: 'tag.purged', tag: 'a' },
      { type: 'task.requeued', task: first!.id },
      { type: 'task.removed', task: first!.id },
    ]);
    expect((await checkHistoryFiles(folder)).violations).toEqual([]);
  });

  it('ends the file after all that the application does with its queues while it shuts down', async () => {
    // Nest shuts down what is further from the root module later: after the history module, which it imports itself.
    @Module({})
    class Last implements OnApplicationShutdown {
      constructor(@Inject(QueueService) private readonly queue: QueueService) {}

      async onApplicationShutdown(): Promise<void> {
        await this.queue.retryFailed();
        await this.queue.add(task('late'), { jobId: 'late' });
      }
    }
    @Module({ imports: [Last] })
    class Between {}

    const app = await start(() => {
      throw new Error('it fails');
    }, [Between]);
    const job = await app.get(QueueService).add(task('a'), { jobId: 'first', attempts: 1 });
    await until('it has failed', () => job.isFailed());
    await stop();
    const all = await records();
    const resignedAt = all.findIndex((record) => 'reason' in record && record.reason === 'resigned');
    expect(all.slice(resignedAt + 1)).toMatchObject([
      { type: 'task.requeued', task: 'first' },
      { type: 'add.invoked', task: 'late' },
      { type: 'add.acknowledged', task: 'late' },
      { type: 'process.closed' },
    ]);
    expect((await checkHistoryFiles(folder)).violations).toEqual([]);
  });
});

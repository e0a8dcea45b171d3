import { NotFoundException } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AffinityQueueError, QueueService, WorkerService } from 'nestjs-affinity-queue';
import { AffinityQueueTesting, AffinityQueueTestingModule } from 'nestjs-affinity-queue/testing';
import { AppService } from './app.service.js';

let app: TestingModule;
let service: AppService;
let queue: QueueService;
let testing: AffinityQueueTesting;
let ran: [type: string, tag: string, payload: unknown][];
beforeEach(async () => {
  app = await Test.createTestingModule({
    imports: [AffinityQueueTestingModule.forRoot()],
    providers: [AppService],
  }).compile();
  service = app.get(AppService);
  queue = app.get(QueueService);
  testing = app.get(AffinityQueueTesting);
  ran = [];
  app.get(WorkerService).registerHandler('process-data', async (payload: { amount: number }, context) => {
    ran.push(['process-data', context.identifyTag, payload]);
    await context.updateProgress(50);
    if (payload.amount < 0) throw new Error('the account is closed');
    return { balance: payload.amount };
  });
  await app.init();
});
afterEach(() => app.close());

const booking = (amount: number, identifyTag = 'company-1') => ({
  type: 'process-data',
  identifyTag,
  payload: { amount },
});

describe('addTask', () => {
  it('adds the task and says so', async () => {
    const added = await service.addTask(booking(5));
    expect(added).toEqual({ message: '任务已添加到队列', jobId: expect.any(String), task: booking(5) });
    expect(await queue.getTagStats('company-1')).toMatchObject({ waiting: 1 });
    await testing.runUntilIdle();
    expect(ran).toEqual([['process-data', 'company-1', { amount: 5 }]]);
  });

  it('passes its options on: the id, and the delay', async () => {
    const options = { jobId: 'invoice-17', delay: 60_000 };
    expect(await service.addTask({ ...booking(5), options })).toMatchObject({ jobId: 'invoice-17' });
    await service.addTask({ ...booking(6), options });
    await testing.runUntilIdle();
    expect(ran).toEqual([]);
    await testing.runFor(60_000);
    expect(ran).toEqual([['process-data', 'company-1', { amount: 5 }]]);
  });

  it('rejects as the queue does', async () => {
    const refused = service.addTask({ ...booking(5), options: { jobId: 'meta' } });
    await expect(refused).rejects.toBeInstanceOf(AffinityQueueError);
    await expect(refused).rejects.toMatchObject({ code: 'AFFINITY_RESERVED_JOB_ID' });
  });
});

describe('addTasks', () => {
  it('keeps the order within each company, however many there are', async () => {
    const amounts = Array.from({ length: 1_200 }, (_, n) => n);
    const added = await service.addTasks(amounts.map((n) => booking(n, `company-${n % 3}`)));
    expect(added).toMatchObject({ message: '任务已添加到队列', count: 1_200 });
    expect(new Set(added.jobIds).size).toBe(1_200);
    await testing.runUntilIdle();
    for (const company of [0, 1, 2]) {
      const booked = ran.filter(([, tag]) => tag === `company-${company}`).map(([, , payload]) => payload);
      expect(booked).toEqual(amounts.filter((n) => n % 3 === company).map((amount) => ({ amount })));
    }
  });
});

describe('getTask', () => {
  const add = async (amount: number): Promise<string> => (await service.addTask(booking(amount))).jobId!;

  it('reports a task that waits', async () => {
    const id = await add(5);
    const report = await service.getTask(id);
    expect(report).toEqual({ id, task: booking(5), state: 'waiting', progress: 0, attemptsMade: 0 });
  });

  it('reports the result of a completed one', async () => {
    const id = await add(5);
    await testing.runUntilIdle();
    expect(await service.getTask(id)).toEqual({
      id,
      task: booking(5),
      state: 'completed',
      progress: 50,
      attemptsMade: 1,
      result: { balance: 5 },
    });
  });

  it('reports why one failed, once it is out of attempts', async () => {
    const id = await add(-1);
    await testing.runUntilIdle();
    expect(await service.getTask(id)).toMatchObject({ state: 'waiting', attemptsMade: 1 });
    await testing.runUntilIdle({ advance: true });
    expect(await service.getTask(id)).toMatchObject({
      state: 'failed',
      attemptsMade: 3,
      failedReason: 'the account is closed',
    });
  });

  it('knows nothing of an id that never was', async () => {
    await expect(service.getTask('nobody')).rejects.toBeInstanceOf(NotFoundException);
  });
});

describe('getQueueStats', () => {
  it('gives the numbers of the queue', async () => {
    await service.addTasks([booking(1), booking(2, 'company-2')]);
    expect(await service.getQueueStats()).toMatchObject({ waiting: 2, tagsWaiting: 2, completed: 0 });
    await testing.runUntilIdle();
    expect(await service.getQueueStats()).toMatchObject({ waiting: 0, tagsWaiting: 0, completed: 2 });
  });
});

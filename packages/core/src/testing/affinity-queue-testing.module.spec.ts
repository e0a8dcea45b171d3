import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import { QueueService, WorkerService } from '../index.js';
import { AffinityQueueTesting, AffinityQueueTestingModule } from './index.js';

let app: TestingModule;
afterEach(() => app.close());

describe('AffinityQueueTestingModule', () => {
  it('runs', async () => {
    app = await Test.createTestingModule({ imports: [AffinityQueueTestingModule.forRoot()] }).compile();
    await app.init();
    const ran: unknown[] = [];
    app.get(WorkerService).registerHandler('note', (p) => {
      ran.push(p);
      return p;
    });
    const job = await app.get(QueueService).add({ type: 'note', identifyTag: 't', payload: 1 });
    expect(ran).toEqual([]);
    expect(await job.getState()).toBe('waiting');
    await app.get(AffinityQueueTesting).runUntilIdle();
    expect(ran).toEqual([1]);
    expect(await job.getState()).toBe('completed');
    expect(await app.get(QueueService).getQueueStats()).toMatchObject({ completed: 1, workersIdle: 1 });
  });
});

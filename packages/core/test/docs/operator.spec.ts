import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { closeAll, startInstance } from '../support/app.js';
import { testRedisUrl } from '../support/redis.js';
import { until } from '../support/until.js';
import { databases, withEnvironment } from './support/environment.js';
import { compileBlocks, type CompiledBlocks } from './support/run-blocks.js';

interface OperatorModule {
  operate(verb: string, argument: string): Promise<unknown>;
}

let blocks: CompiledBlocks;

beforeAll(() => {
  Logger.overrideLogger(false);
  blocks = compileBlocks('RECOVERY.md');
});

afterAll(() => {
  blocks.remove();
});

afterEach(closeAll);

describe("the operator's tool of RECOVERY.md", () => {
  it('does what an operator needs', async () => {
    const names = {
      pendingQueueName: 'pending-tasks',
      workerQueuePrefix: 'worker-queue',
      workerStatePrefix: 'worker-state',
    };
    const { operate } = await blocks.load<OperatorModule>('operate.js');
    await withEnvironment({ database: databases.operate }, async () => {
      let broken = true;
      const { queue } = await startInstance(
        {
          name: 'documents',
          redisOptions: { url: `${testRedisUrl()}/${databases.operate}` },
          queueOptions: names,
        },
        (workers) => {
          workers.registerHandler('book', () => {
            if (broken) throw new Error('the bank is closed');
            return 'booked';
          });
        },
      );
      const tag = 'company-123';
      const job = await queue.add({ type: 'book', identifyTag: tag, payload: null }, { attempts: 1 });
      await until('it failed', () => job.isFailed());
      expect(await operate('task', job.id!)).toMatchObject({
        state: 'failed',
        failedReason: 'the bank is closed',
      });

      broken = false;
      expect(await operate('retry', tag)).toBe(1);
      await expect(queue.waitUntilFinished(job, 10_000)).resolves.toBe('booked');

      await operate('pause', tag);
      const kept = await queue.add({ type: 'book', identifyTag: tag, payload: null });
      await until('it waits', async () => (await queue.getTagStats(tag)).waiting === 1);
      expect(await operate('show', tag)).toMatchObject({
        tag: { paused: true, waiting: 1 },
        queue: { waiting: 1 },
      });
      await operate('resume', tag);
      await expect(queue.waitUntilFinished(kept, 10_000)).resolves.toBe('booked');

      await operate('pause', tag);
      await queue.addBulk([1, 2].map((payload) => ({ type: 'book', identifyTag: tag, payload })));
      await until('they wait', async () => (await queue.getTagStats(tag)).waiting === 2);
      expect(await operate('purge', tag)).toBe(2);
      expect(await operate('cancel', kept.id!)).toBe('not-found');
      await expect(operate('help', tag)).rejects.toThrow('show <tag>');
    });
  });
});

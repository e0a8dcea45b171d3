import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueService, WorkerService } from 'nestjs-affinity-queue';
import { AffinityQueueTesting, AffinityQueueTestingModule } from 'nestjs-affinity-queue/testing';

@Module({ imports: [AffinityQueueTestingModule.forRoot()] })
class InMemoryApplication {}

/** Runs a task that is due in a minute, at once. */
export async function runWithoutRedis(): Promise<unknown> {
  const app = await NestFactory.createApplicationContext(InMemoryApplication, { logger: false });
  app.get(WorkerService).registerHandler('double', (count: number) => 2 * count);
  const queue = app.get(QueueService);
  const job = await queue.add({ type: 'double', identifyTag: 't', payload: 4 }, { delay: 60_000 });
  await app.get(AffinityQueueTesting).runUntilIdle({ advance: true });
  const result: unknown = await queue.waitUntilFinished(job);
  await app.close();
  return result;
}

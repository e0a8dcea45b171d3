import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueModule, QueueService, WorkerService, type QueueModuleOptions } from 'nestjs-affinity-queue';
import { attempts, keptCompleted, type OpenPeer } from './peer.js';

const type = 'bench';

async function start(options: QueueModuleOptions): Promise<INestApplicationContext> {
  class BenchModule {}
  Module({ imports: [QueueModule.forRoot(options)] })(BenchModule);
  return NestFactory.createApplicationContext(BenchModule, { logger: false });
}

export const openAffinity: OpenPeer = async (redisUrl) => {
  const common: QueueModuleOptions = {
    redisOptions: { url: redisUrl },
    queueOptions: { defaultTaskOptions: { attempts, removeOnComplete: { count: keptCompleted } } },
  };
  const producer = await start({ ...common, role: 'PRODUCER' });
  const queue = producer.get(QueueService);
  let consumer: INestApplicationContext | undefined;
  return {
    name: 'nestjs-affinity-queue',
    async addBulk(tasks) {
      await queue.addBulk(tasks.map(({ tag, payload }) => ({ type, identifyTag: tag, payload })));
    },
    async add({ tag, payload }) {
      await queue.add({ type, identifyTag: tag, payload });
    },
    async process({ workers, handler }) {
      const workerOptions = { workerCount: workers, maxBatchSize: Number(process.env.BENCH_BATCH ?? 10) };
      consumer = await start({ ...common, role: 'BOTH', workerOptions });
      consumer
        .get(WorkerService)
        .registerHandler(type, (payload, { identifyTag }) => handler({ tag: identifyTag, payload }));
    },
    async close() {
      await consumer?.close();
      await producer.close();
    },
  };
};

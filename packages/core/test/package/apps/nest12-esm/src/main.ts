import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AffinityQueueError } from 'nestjs-affinity-queue';
import { AppModule, MailHandler } from './app.module.js';
import { useSubPaths } from './sub-paths.js';

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const { queueService, urgent } = app.get(MailHandler);
const job = await queueService.add({
  type: 'send-email',
  identifyTag: 'company-123',
  payload: { to: 'a@example.com' },
});
const result: unknown = await queueService.waitUntilFinished(job, 30_000);
const { waiting } = await urgent.getQueueStats();
const refused = await queueService
  .add({ type: '', identifyTag: 't', payload: null })
  .catch((error: unknown) => error instanceof AffinityQueueError && error.code);
await app.close();
console.log(JSON.stringify({ result, waiting, refused, ...(await useSubPaths()) }));

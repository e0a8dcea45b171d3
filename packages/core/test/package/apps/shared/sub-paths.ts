import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createAesGcmCodec } from 'nestjs-affinity-queue/codec';
import { useWebApplication } from './web-application.js';
import { runWithoutRedis } from './without-redis.js';

/** Uses every sub-path of the library. */
export async function useSubPaths() {
  const codec = createAesGcmCodec({ keys: { k1: new Uint8Array(32) }, currentKeyId: 'k1' });
  const task = { taskId: 'id', identifyTag: 'tag', type: 'note' };
  return {
    decoded: codec.decode(codec.encode('"payload"', task), task),
    inMemory: await runWithoutRedis(),
    express: await useWebApplication(new ExpressAdapter()),
    fastify: await useWebApplication(new FastifyAdapter()),
  };
}

import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { useWebApplication } from './web-application.js';
import { runWithoutRedis } from './without-redis.js';

/** Uses every sub-path of the library. */
export async function useSubPaths() {
  return {
    inMemory: await runWithoutRedis(),
    express: await useWebApplication(new ExpressAdapter()),
    fastify: await useWebApplication(new FastifyAdapter()),
  };
}

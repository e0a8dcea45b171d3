import type { QueueModuleOptions } from '../../src/index.js';
import { closeAll, startInstance } from '../support/calm.js';
import { uniqueName } from '../support/redis.js';
import { until } from '../support/until.js';
import type { ContractSystem } from './system.js';

/**
 * `QueueModule` on Redis.
 *
 * @param place - where the queues are, and how they are named, where that matters
 */
export const onRedisAt = (
  place: Pick<QueueModuleOptions, 'redisOptions' | 'queueOptions'>,
): ContractSystem => ({
  start: (options, register) =>
    startInstance(
      {
        ...options,
        ...(place.redisOptions && { redisOptions: { ...place.redisOptions, ...options.redisOptions } }),
        queueOptions: { ...place.queueOptions, ...options.queueOptions },
        name: uniqueName(),
      },
      register,
    ),
  until: async (what, condition) => {
    await until(what, condition);
  },
  settled: (promise) => promise,
  nowMs: () => Date.now(),
  closeAll,
});

/** `QueueModule` on the Redis of all tests. */
export const onRedis = onRedisAt({});

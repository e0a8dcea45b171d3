import { closeAll, startInstance } from '../support/calm.js';
import { uniqueName } from '../support/redis.js';
import { until } from '../support/until.js';
import type { ContractSystem } from './system.js';

/** `QueueModule` on Redis. */
export const onRedis: ContractSystem = {
  start: (options, register) => startInstance({ ...options, name: uniqueName() }, register),
  until: async (what, condition) => {
    await until(what, condition);
  },
  settled: (promise) => promise,
  nowMs: () => Date.now(),
  closeAll,
};

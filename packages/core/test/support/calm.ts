import type { QueueModuleOptions } from '../../src/index.js';
import type { Redis } from 'ioredis';
import {
  closeAll as closeInstances,
  startInstance as startQuick,
  type Register,
  type TestInstance,
} from './app.js';
import { connect } from './redis.js';

/** Leases that outlast whatever a busy machine does to a test that is not about failures. */
export const calmElection = { electionLockTtl: 20_000, heartbeatInterval: 5_000, heartbeatTimeout: 20_000 };

/**
 * One application with the root queue, as a process would have it; nobody is declared dead in it, and a task that a
 * failed test left running does not hold the next one up.
 */
export function startInstance(
  options: QueueModuleOptions & { name: string },
  register?: Register,
): Promise<TestInstance> {
  const workerOptions = { shutdownTimeout: 2_000, ...options.workerOptions };
  const electionOptions = { ...calmElection, ...options.electionOptions };
  return startQuick({ ...options, workerOptions, electionOptions }, register);
}

const connections = new Set<Redis>();

/** A client of the test's own; `closeAll` closes it. */
export function openRedis(): Redis {
  const redis = connect();
  connections.add(redis);
  return redis;
}

/** For `afterEach`: whatever the test left open, also when it failed. */
export async function closeAll(): Promise<void> {
  await closeInstances();
  for (const redis of connections) redis.disconnect();
  connections.clear();
}

export { type TestInstance } from './app.js';

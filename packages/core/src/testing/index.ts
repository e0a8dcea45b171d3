/**
 * The same services in memory, for unit tests without Redis. Guide: docs/guides/testing.md.
 *
 * @module nestjs-affinity-queue/testing
 */
export { AffinityQueueTestingModule, type ModuleOverrides } from './affinity-queue-testing.module.js';
export {
  AffinityQueueTesting,
  type QueueTestingOptions,
  type RunUntilIdleOptions,
} from './affinity-queue-testing.js';
export { TestClock } from './test-clock.js';

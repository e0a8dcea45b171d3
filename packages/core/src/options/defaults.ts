import type { Locale } from '../domain/locale.js';
import type { QueueRole } from '../domain/roles.js';
import type { ResolvedTaskDefaults } from './resolved-options.js';

const secondMs = 1_000;
const hourSeconds = 3_600;
const kibibyte = 1_024;

/** Every default of the options, in the units of the resolved options. Names of features are derived: see {@link featureNames}. */
export const defaults = {
  role: 'BOTH' as QueueRole,
  locale: 'zh' as Locale,

  maxBatchSize: 10,
  workerCount: 1,
  shutdownTimeoutMs: 30 * secondMs,
  taskTimeoutMs: 0,
  maxCrashes: 3,

  redisHost: 'localhost',
  redisPort: 6379,
  redisDb: 0,
  commandTimeoutMs: 10 * secondMs,
  allowEviction: false,

  pendingQueueName: 'pending-tasks',
  workerQueuePrefix: 'worker-queue',
  workerStatePrefix: 'worker-state',
  schedulerIntervalMs: 1 * secondMs,
  scanCount: 100,
  identifyTagConcurrency: 1,
  maxPayloadBytes: 256 * kibibyte,
  maxResultBytes: 256 * kibibyte,
  maxTagBytes: 512,

  electionLockTtlMs: 30 * secondMs,
  heartbeatIntervalMs: 10 * secondMs,
  heartbeatTimeoutMs: 60 * secondMs,
  watchLocalProcesses: true,
} as const;

/** Defaults of the options of tasks. Ages are in seconds, as BullMQ wants them. */
export const taskDefaults: ResolvedTaskDefaults = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1 * secondMs },
  retryOrder: 'block',
  removeOnComplete: { count: 1_000, age: 24 * hourSeconds },
  removeOnFail: { count: 5_000, age: 7 * 24 * hourSeconds },
};

/** The names that a feature has if it does not set them. */
export function featureNames(name: string) {
  return {
    pendingQueueName: `${name}-${defaults.pendingQueueName}`,
    workerQueuePrefix: `${name}-${defaults.workerQueuePrefix}`,
    workerStatePrefix: `${name}-${defaults.workerStatePrefix}`,
  } as const;
}

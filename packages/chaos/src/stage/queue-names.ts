import type { QueueModuleOptions } from 'nestjs-affinity-queue';
import { electionOptions } from './lease.js';

export const pendingQueueName = 'chaos';

/** Keys that the campaign looks at. */
export const keys = {
  wait: `bull:${pendingQueueName}:wait`,
  prioritized: `bull:${pendingQueueName}:prioritized`,
  delayed: `bull:${pendingQueueName}:delayed`,
  completed: `bull:${pendingQueueName}:completed`,
  failed: `bull:${pendingQueueName}:failed`,
  waitingChildren: `bull:${pendingQueueName}:waiting-children`,
  active: `bull:${pendingQueueName}:active`,
  waitingIds: `bull:${pendingQueueName}:aff:seq`,
  owners: `bull:${pendingQueueName}:aff:owners`,
  registry: `scheduler:${pendingQueueName}:worker:registry`,
  lock: `scheduler:${pendingQueueName}:election:lock`,
  task: (id: string) => `bull:${pendingQueueName}:${id}`,
} as const;

/** The options of every instance, but for its role and its way to Redis. */
export function queueOptions({
  workerCount = 3,
  keep = Number.MAX_SAFE_INTEGER,
  onOneHost = false,
}: {
  workerCount?: number;
  /** Finished tasks that are kept. */
  keep?: number;
  /** Whether instances see each other's processes end. */
  onOneHost?: boolean;
} = {}): QueueModuleOptions {
  return {
    locale: 'en',
    workerOptions: { workerCount, maxBatchSize: 5, shutdownTimeout: 3_000 },
    electionOptions: { ...electionOptions, watchLocalProcesses: onOneHost },
    queueOptions: {
      pendingQueueName,
      workerQueuePrefix: 'chaos-worker',
      workerStatePrefix: 'chaos-state',
      schedulerInterval: 500,
      defaultTaskOptions: {
        attempts: 3,
        backoff: 50,
        removeOnComplete: keep === Number.MAX_SAFE_INTEGER ? false : keep,
        removeOnFail: keep === Number.MAX_SAFE_INTEGER ? false : keep,
      },
    },
  };
}

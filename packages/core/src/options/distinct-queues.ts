import { QueueNameConflictError } from '../errors/errors.js';
import { redisIdentity } from './redis-address.js';
import type { ResolvedQueueOptions } from './resolved-options.js';

/** What makes a queue distinct from others. */
export type QueueIdentity = Pick<
  ResolvedQueueOptions,
  'name' | 'pendingQueueName' | 'workerQueuePrefix' | 'workerStatePrefix' | 'redis'
>;

const namesInRedis = ['pendingQueueName', 'workerQueuePrefix', 'workerStatePrefix'] as const;

/**
 * Checks that the queues of one application do not share a name, nor on one Redis a pending queue or the prefix of
 * their workers' queues or states: one instance's workers have the same ids in all its queues.
 *
 * @throws {@link QueueNameConflictError}
 */
export function assertDistinctQueues(queues: readonly QueueIdentity[]): void {
  const seen = new Map<string, QueueIdentity>();
  for (const queue of queues) {
    claim(seen, `name ${queue.name ?? ''}`, queue, 'name', queue.name ?? '');
    const redis = redisIdentity(queue.redis);
    for (const option of namesInRedis) {
      claim(seen, `${option} ${queue[option]} ${redis}`, queue, `queueOptions.${option}`, queue[option]);
    }
  }
}

function claim(
  seen: Map<string, QueueIdentity>,
  key: string,
  queue: QueueIdentity,
  option: string,
  value: string,
): void {
  const other = seen.get(key);
  if (other !== undefined) {
    throw new QueueNameConflictError({ option, value, queues: [describe(other), describe(queue)] });
  }
  seen.set(key, queue);
}

function describe({ name }: QueueIdentity): string {
  return name === undefined ? 'the root queue' : `feature '${name}'`;
}

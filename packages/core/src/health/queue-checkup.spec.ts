import { describe, expect, it } from '@jest/globals';
import type { QueueSighting } from '../module/queue-sighting.js';
import { QueueCheckup, type CheckedQueue } from './queue-checkup.js';
import { resolveHealthOptions } from './resolve-health-options.js';

const sighting: QueueSighting = {
  ...{ lockValue: 'node:1', lockTtlMs: 5_000, leaderInfo: '', nowMs: 0 },
  ...{ oldestTag: null, oldestSinceMs: 0 },
};

/** A queue whose workers have lost their leases. */
function checkup(sight: () => Promise<QueueSighting>): QueueCheckup {
  const queue = {
    nodeId: 'node',
    options: { pendingQueueName: 'q', role: 'WORKER', workerCount: 2, heartbeatTimeoutMs: 1_000 },
    sight,
    workerService: { isStarted: true, hasLease: false, getWorkerStates: () => [] },
  } as unknown as CheckedQueue;
  return new QueueCheckup(queue, resolveHealthOptions({ takeoverGrace: 0 }));
}

describe('workers without a lease', () => {
  it('are a fault of this process while Redis answers', async () => {
    const health = await checkup(() => Promise.resolve(sighting)).check(['workers']);
    expect(health).toMatchObject({
      status: 'down',
      problems: ['worker-lease-lost'],
      workers: { expected: 2, ready: 0 },
    });
  });

  it('are the fault of Redis while it does not', async () => {
    const away = checkup(() => Promise.reject(new Error('ECONNREFUSED')));
    const problems = ['worker-lease-lost', 'redis-unreachable'];
    expect(await away.check(['workers'])).toMatchObject({ status: 'up', problems });
    expect(await away.check(['redis'])).toMatchObject({ status: 'down', problems });
    expect(await away.check()).toMatchObject({ status: 'down', problems });
  });
});

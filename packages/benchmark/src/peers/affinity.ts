import { Redis } from 'ioredis';
import { until } from '../instruments/until.js';
import { startAffinity, taskType } from './affinity-app.js';
import type { BenchHandler, BenchTask, OpenPeer } from './peer.js';

const takeInPoll = { pollMs: 20, timeoutMs: 300_000 };

/** One Nest application, its workers and its scheduler at rest until they are wanted. */
export const openAffinity: OpenPeer = async (
  redisUrl,
  { role = 'BOTH', workers, queues, maxBatchSize = 10 },
) => {
  const workerOptions = { workerCount: workers, maxBatchSize };
  const app = await startAffinity({ redisUrl, queues, role, workerOptions });
  for (const queue of app.queues) {
    queue.scheduler.stop();
    await queue.workers.stop();
  }
  const [{ service, scheduler }] = app.queues;
  return {
    async addBulk(tasks) {
      await service.addBulk(tasks.map(({ tag, payload }) => ({ type: taskType, identifyTag: tag, payload })));
    },
    async add({ tag, payload }) {
      await service.add({ type: taskType, identifyTag: tag, payload });
    },
    async takeIn() {
      scheduler.start();
      const redis = new Redis(redisUrl);
      const waitList = service.queue.toKey('wait');
      await until(async () => (await redis.llen(waitList)) === 0, 'the leader took all in', takeInPoll);
      redis.disconnect();
    },
    async process(handler) {
      for (const queue of app.queues) {
        queue.workers.registerHandler(taskType, (payload: BenchTask['payload'], { identifyTag }) =>
          runHandler(handler, { tag: identifyTag, payload }),
        );
        queue.scheduler.start();
        await queue.workers.start();
      }
    },
    close: () => app.close(),
  };
};

function runHandler(handler: BenchHandler, task: BenchTask): Promise<void> | void {
  return handler(task);
}

import { Queue, Worker } from 'groupmq';
import { Redis } from 'ioredis';
import { attempts, keptCompleted, type BenchTask, type OpenPeer } from './peer.js';

/** GroupMQ: order within a group, any worker runs any group. */
export const openGroupmq: OpenPeer = (redisUrl) => {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue<BenchTask>({ redis, namespace: 'bench', keepCompleted: keptCompleted, maxAttempts: attempts });
  let worker: Worker<BenchTask> | undefined;
  return Promise.resolve({
    name: 'groupmq',
    async addBulk(tasks) {
      // It has no call for many tasks: they are sent together.
      await Promise.all(tasks.map((data) => queue.add({ groupId: data.tag, data })));
    },
    async add(data) {
      await queue.add({ groupId: data.tag, data });
    },
    process({ workers, handler }) {
      worker = new Worker<BenchTask>({
        queue,
        concurrency: workers,
        handler: (job) => Promise.resolve(handler(job.data)),
      });
      void worker.run();
      return Promise.resolve();
    },
    async close() {
      await worker?.close();
      await queue.close();
      redis.disconnect();
    },
  });
};

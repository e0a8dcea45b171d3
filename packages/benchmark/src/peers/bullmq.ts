import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { attempts, keptCompleted, type BenchTask, type OpenPeer } from './peer.js';

const opts = { attempts, removeOnComplete: { count: keptCompleted } };

/** Plain BullMQ: no affinity, no order between tasks of a tag. The engine underneath. */
export const openBullmq: OpenPeer = (redisUrl) => {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue<BenchTask>('bench', { connection });
  let worker: Worker<BenchTask> | undefined;
  return Promise.resolve({
    name: 'bullmq',
    async addBulk(tasks) {
      await queue.addBulk(tasks.map((data) => ({ name: 'bench', data, opts })));
    },
    async add(data) {
      await queue.add('bench', data, opts);
    },
    async process({ workers, handler }) {
      worker = new Worker<BenchTask>('bench', (job) => Promise.resolve(handler(job.data)), {
        connection,
        concurrency: workers,
      });
      await worker.waitUntilReady();
    },
    async close() {
      await worker?.close();
      await queue.close();
      connection.disconnect();
    },
  });
};

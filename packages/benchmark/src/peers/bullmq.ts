import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { queueNames, taskSettings, type BenchTask, type OpenPeer } from './peer.js';

export const openBullmq: OpenPeer = (redisUrl, { workers: concurrency, queues: count }) => {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const names = queueNames(count);
  const queues = names.map((name) => new Queue<BenchTask>(name, { connection }));
  const [queue] = queues as [Queue<BenchTask>];
  const workers: Worker<BenchTask>[] = [];
  return Promise.resolve({
    async addBulk(tasks) {
      await queue.addBulk(tasks.map((data) => ({ name: 'bench', data, opts: taskSettings })));
    },
    async add(data) {
      await queue.add('bench', data, taskSettings);
    },
    takeIn: () => Promise.resolve(),
    async process(handler) {
      for (const name of names) {
        workers.push(
          new Worker(name, (job) => Promise.resolve(handler(job.data)), { connection, concurrency }),
        );
      }
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    async close() {
      await Promise.all([...workers, ...queues].map((part) => part.close()));
      connection.disconnect();
    },
  });
};

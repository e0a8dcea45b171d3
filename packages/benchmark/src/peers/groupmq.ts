import { Queue, Worker } from 'groupmq';
import { Redis } from 'ioredis';
import { queueNames, taskSettings, type BenchTask, type OpenPeer } from './peer.js';

const { attempts, backoff, removeOnComplete, removeOnFail } = taskSettings;

export const openGroupmq: OpenPeer = (redisUrl, { workers: concurrency, queues: count }) => {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queues = queueNames(count).map(
    (namespace) =>
      new Queue<BenchTask>({
        redis,
        namespace,
        maxAttempts: attempts,
        keepCompleted: removeOnComplete.count,
        keepFailed: removeOnFail.count,
      }),
  );
  const [queue] = queues as [Queue<BenchTask>];
  const workers: Worker<BenchTask>[] = [];
  return Promise.resolve({
    async addBulk(tasks) {
      // It has no call for many tasks: they are sent together.
      await Promise.all(tasks.map((data) => queue.add({ groupId: data.tag, data })));
    },
    async add(data) {
      await queue.add({ groupId: data.tag, data });
    },
    takeIn: () => Promise.resolve(),
    process(handler) {
      for (const served of queues) {
        const worker = new Worker<BenchTask>({
          queue: served,
          concurrency,
          backoff: (attempt) => backoff.delay * 2 ** (attempt - 1),
          handler: (job) => Promise.resolve(handler(job.data)),
        });
        workers.push(worker);
        void worker.run();
      }
      return Promise.resolve();
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(queues.map((part) => part.close()));
      redis.disconnect();
    },
  });
};

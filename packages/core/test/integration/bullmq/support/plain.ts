import { Queue, Worker, type ConnectionOptions, type Processor } from 'bullmq';
import type { Redis } from 'ioredis';
import { connect, uniqueName } from '../../../support/redis.js';
import { until } from '../../../support/until.js';

/** BullMQ by itself: a queue and one worker. What it does is what ours has to do. */
export class PlainBench {
  readonly redis: Redis = connect();
  readonly queue: Queue;
  readonly worker: Worker;

  constructor(processor: Processor, name = uniqueName('plain')) {
    const connection = this.redis as unknown as ConnectionOptions;
    this.queue = new Queue(name, { connection });
    this.worker = new Worker(name, processor, { connection, drainDelay: 1 });
    open.add(this);
  }

  key(suffix: string): string {
    return `bull:${this.queue.name}:${suffix}`;
  }

  async untilIdle(): Promise<void> {
    await until(
      'nothing waits or runs',
      async () => (await this.queue.getJobCountByTypes('active', 'waiting')) === 0,
    );
  }

  async close(): Promise<void> {
    open.delete(this);
    await this.worker.close();
    await this.queue.close();
    this.redis.disconnect();
  }
}

const open = new Set<PlainBench>();

/** For `afterEach`. */
export async function closePlainBenches(): Promise<void> {
  await Promise.all([...open].map((bench) => bench.close()));
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance } from '../support/app.js';
import { uniqueName } from '../support/redis.js';

afterEach(closeAll);

describe('one instance', () => {
  it('runs a task and gives its result back', async () => {
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('double', (payload: { n: number }, context) => ({
        twice: payload.n * 2,
        tag: context.identifyTag,
        attempt: context.attempt,
        position: context.batchPosition,
      }));
    });
    const job = await queue.add({ type: 'double', identifyTag: 'tenant-1', payload: { n: 21 } });
    await expect(queue.waitUntilFinished(job, 5_000)).resolves.toEqual({
      twice: 42,
      tag: 'tenant-1',
      attempt: 1,
      position: 1,
    });
    expect(await job.getState()).toBe('completed');
  });

  it('runs the tasks of many tags in order, each tag by itself', async () => {
    const seen = new Map<string, number[]>();
    const running = new Set<string>();
    const overlaps: string[] = [];
    const { queue } = await startInstance(
      { name: uniqueName(), workerOptions: { workerCount: 4, maxBatchSize: 5 } },
      (workers) => {
        workers.registerHandler('note', async (n: number, { identifyTag }) => {
          if (running.has(identifyTag)) overlaps.push(identifyTag);
          running.add(identifyTag);
          await new Promise((resolve) => setImmediate(resolve));
          running.delete(identifyTag);
          seen.set(identifyTag, [...(seen.get(identifyTag) ?? []), n]);
        });
      },
    );
    const tasks = Array.from({ length: 300 }, (_, i) => ({
      type: 'note',
      identifyTag: `tag-${i % 12}`,
      payload: i,
    }));
    const jobs = await queue.addBulk(tasks);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 20_000)));
    expect(overlaps).toEqual([]);
    expect(seen.size).toBe(12);
    for (const numbers of seen.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(await queue.getQueueStats()).toMatchObject({
      waiting: 0,
      active: 0,
      completed: 300,
      tagsBound: 0,
    });
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { AffinityQueueError } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

const empty = {
  waiting: 0,
  active: 0,
  delayed: 0,
  completed: 0,
  failed: 0,
  paused: false,
  tagsWaiting: 0,
  tagsBound: 0,
  workersIdle: 0,
  workersRunning: 0,
};

describe('getQueueStats', () => {
  it('of a queue that nobody has used', async () => {
    const { queue } = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    expect(await queue.getQueueStats()).toEqual(empty);
  });

  it('counts every task once, wherever it is', async () => {
    const { queue, scheduler, hold, open } = await startStage({ workerOptions: { workerCount: 2 } });
    await queue.waitUntilFinished(await queue.add(task('done')), 5_000);
    const failed = await queue.add(task('failed', 'fail'), { attempts: 1 });
    await expect(queue.waitUntilFinished(failed, 5_000)).rejects.toThrow('as it was told');
    await queue.add(task('in a back-off', 'fail'), { backoff: 60_000 });
    await until('it is', async () => (await queue.getTagStats('in a back-off')).parkedUntil !== null);
    await queue.pauseTag('paused');
    await queue.pauseTag('paused, and empty');
    await queue.addBulk(upTo(2).map((n) => task('paused', n)));
    await hold('running');
    await hold('running too');
    await queue.addBulk(upTo(3).map((n) => task('running', n))); // dispatched
    await queue.addBulk(upTo(4).map((n) => task('next', n))); // looked ahead: the tasks so far were short
    await queue.add(task('later'), { delay: 60_000 });
    await until(
      'all of it is where it belongs',
      async () => (await queue.getTagStats('next')).boundTo.length === 1,
    );
    scheduler.stop();
    const notTakenIn = upTo(2).map(() => ({ name: 'note', data: { identifyTag: 'not taken in' } }));
    await queue.queue.addBulk(notTakenIn);
    await queue.addBulk(upTo(3).map((n) => task('behind them', n)));
    expect(await queue.getQueueStats()).toEqual({
      ...empty,
      waiting: 1 + 2 + 3 + 4 + 2 + 3,
      active: 2,
      delayed: 1,
      completed: 1,
      failed: 1,
      tagsWaiting: 2, // in a back-off, and paused
      tagsBound: 3,
      workersRunning: 2,
    });
    scheduler.start();
    await queue.pause();
    expect((await queue.getQueueStats()).paused).toBe(true);
    await queue.resume();
    open();
  });
});

describe('getTagStats', () => {
  it('of a tag that nobody has used', async () => {
    const { queue } = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    expect(await queue.getTagStats('t')).toEqual({
      identifyTag: 't',
      waiting: 0,
      active: 0,
      boundTo: [],
      paused: false,
      parkedUntil: null,
    });
  });

  it('tells which worker has it, what runs and what waits', async () => {
    const { queue, hold, open } = await startStage({ workerOptions: { maxBatchSize: 3 } });
    await hold('t');
    await queue.addBulk(upTo(5).map((n) => task('t', n)));
    await until('they are indexed', async () => (await queue.getTagStats('t')).waiting === 5);
    const [worker] = await queue.getWorkers();
    expect(await queue.getTagStats('t')).toEqual({
      identifyTag: 't',
      waiting: 5, // two of them dispatched
      active: 1,
      boundTo: [worker!.workerId],
      paused: false,
      parkedUntil: null,
    });
    open();
  });

  it('tells until when a back-off lasts', async () => {
    const { queue } = await startStage();
    const before = Date.now();
    await queue.add(task('t', 'fail'), { backoff: 60_000 });
    const { parkedUntil } = await until('the tag is parked', async () => {
      const stats = await queue.getTagStats('t');
      return stats.parkedUntil === null ? undefined : stats;
    });
    expect(parkedUntil).toBeGreaterThanOrEqual(before + 60_000 - 5);
    expect(parkedUntil).toBeLessThanOrEqual(Date.now() + 60_000 + 5);
  });

  it.each(['getTagStats', 'pauseTag', 'resumeTag', 'purgeTag'] as const)(
    '%s refuses what is no tag',
    async (method) => {
      const { queue } = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
      for (const tag of ['', undefined, null, 5, {}, 'x'.repeat(513), '\uDC00']) {
        const call = queue[method](tag as string);
        await expect(call).rejects.toBeInstanceOf(AffinityQueueError);
        await expect(call).rejects.toMatchObject({
          code: 'AFFINITY_INVALID_TASK',
          details: { field: 'identifyTag' },
        });
      }
    },
  );
});

describe('the state of workers', () => {
  it('is the same by getWorkers, getWorkerStates and the documented hash', async () => {
    const redis = openRedis();
    const { name, queue, workers, open, close } = await startStage();
    const [{ workerId } = { workerId: '' }] = workers.getWorkerStates();
    const idle = { workerId, status: 'idle', currentIdentifyTag: null, currentBatchSize: 0 };
    const hash = (): Promise<Record<string, string>> => redis.hgetall(`${name}-state:${workerId}`);
    expect(workers.getWorkerStates()).toEqual([idle]);
    expect(await queue.getWorkers()).toEqual([idle]);
    expect(await hash()).toEqual({ workerId, status: 'idle', currentIdentifyTag: '', currentBatchSize: '0' });

    await queue.pause();
    await queue.addBulk([task('t: 1', 'hold'), ...upTo(3).map((n) => task('t: 1', n))]);
    await queue.resume();
    const running = { workerId, status: 'running', currentIdentifyTag: 't: 1', currentBatchSize: 4 };
    await until('it runs', () => workers.getWorkerStates()[0]?.status === 'running');
    expect(workers.getWorkerStates()).toEqual([running]);
    expect(await queue.getWorkers()).toEqual([running]);
    expect(await hash()).toEqual({ ...running, currentBatchSize: '4' });

    open();
    await until('it is idle again', () => workers.getWorkerStates()[0]?.status === 'idle');
    expect(workers.getWorkerStates()).toEqual([idle]);
    expect(await queue.getWorkers()).toEqual([idle]);

    await workers.stop();
    expect(workers.getWorkerStates()).toEqual([]);
    expect(await queue.getWorkers()).toEqual([]);
    expect(await hash()).toEqual({});
    await close();
  });

  it('lists the workers of all instances', async () => {
    const name = uniqueName();
    const options = { name, workerOptions: { workerCount: 2 } };
    const [first, second, producer] = await Promise.all([
      startInstance(options),
      startInstance(options),
      startInstance({ name, role: 'PRODUCER' }),
    ]);
    const ids = [first, second].flatMap(({ workers }) =>
      workers.getWorkerStates().map(({ workerId }) => workerId),
    );
    expect((await producer.queue.getWorkers()).map(({ workerId }) => workerId)).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_.-]+-\d+-[a-z0-9]+-[12]$/);
    expect(producer.workers.getWorkerStates()).toEqual([]);
    await second.close();
    expect(await producer.queue.getWorkers()).toHaveLength(2);
  });
});

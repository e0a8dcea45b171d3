import { afterEach, describe, expect, it } from '@jest/globals';
import type { TaskContext } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task, waitingStates } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

describe.each(Object.entries(waitingStates))('a task that is %s', (state, enter) => {
  it('is removed; the others of its tag go on in order', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const { ids, proceed } = await enter(stage, ['a', 'b', 'c', 'd']);
    expect(await queue.remove(ids[1]!)).toBe(true);
    expect(await queue.cancel(ids[3]!)).toBe('removed');
    expect(await queue.remove(ids[1]!)).toBe(false);
    expect(await queue.cancel(ids[3]!)).toBe('not-found');
    expect(await queue.getJob(ids[1]!)).toBeUndefined();
    await proceed();
    await Promise.all([ids[0]!, ids[2]!].map((id) => queue.waitUntilFinished(id, 5_000)));
    expect(recorder.payloads('t').filter((payload) => 'abcd'.includes(payload))).toEqual(['a', 'c']);
    await until('nothing is left', async () => {
      const { waiting, active, tagsWaiting, tagsBound } = await queue.getQueueStats();
      return waiting + active + tagsWaiting + tagsBound === 0;
    });
  });

  it('can be the last one of its tag', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const { ids, proceed } = await enter(stage, ['only']);
    expect(await queue.remove(ids[0]!)).toBe(true);
    const next = await queue.add(task('next'));
    await proceed();
    await queue.waitUntilFinished(next, 5_000);
    expect(recorder.payloads()).not.toContain('only');
    await until('nothing is left', async () => {
      const { waiting, active, tagsWaiting, tagsBound } = await queue.getQueueStats();
      return waiting + active + tagsWaiting + tagsBound === 0;
    });
  });

  it('is purged with its tag, and other tags are not', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const { ids, proceed } = await enter(stage, ['a', 'b', 'c']);
    const other = await queue.add(task('other'));
    expect(await queue.purgeTag('t')).toBe(state === 'in a back-off' ? 4 : 3);
    expect(await Promise.all(ids.map((id) => queue.getJob(id)))).toEqual([undefined, undefined, undefined]);
    expect(await queue.purgeTag('t')).toBe(0);
    await proceed();
    await queue.waitUntilFinished(other, 5_000);
    expect(recorder.payloads('t')).not.toContain('a');
    // The tag can be used again at once.
    await queue.waitUntilFinished(await queue.add(task('t', 'after')), 5_000);
  });
});

describe('remove', () => {
  it('removes a delayed task', async () => {
    const { queue } = await startStage();
    const job = await queue.add(task('t'), { delay: 60_000 });
    expect(await queue.remove(job.id!)).toBe(true);
    expect(await queue.getQueueStats()).toMatchObject({ delayed: 0, waiting: 0 });
  });

  it('leaves a running task alone', async () => {
    const stage = await startStage();
    const { queue, open } = stage;
    const job = await queue.add(task('t', 'hold'));
    await until('it runs', async () => (await job.getState()) === 'active');
    expect(await queue.remove(job.id!)).toBe(false);
    open();
    await queue.waitUntilFinished(job, 5_000);
  });

  it('leaves finished tasks alone', async () => {
    const { queue } = await startStage();
    const done = await queue.add(task('t'));
    const failed = await queue.add(task('t', 'fail'), { attempts: 1 });
    await queue.waitUntilFinished(done, 5_000);
    await expect(queue.waitUntilFinished(failed, 5_000)).rejects.toThrow('as it was told');
    for (const job of [done, failed]) {
      expect(await queue.remove(job.id!)).toBe(false);
      expect(await queue.cancel(job.id!)).toBe('not-found');
      expect(await queue.getJob(job.id!)).toBeDefined();
    }
  });

  it('finds nothing under an unknown id, and takes no other key of the queue for a task', async () => {
    const { queue } = await startStage();
    await queue.waitUntilFinished(await queue.add(task('t')), 5_000);
    const before = await queue.getQueueStats();
    for (const id of [
      'nobody',
      'meta',
      'events',
      'completed',
      'marker',
      'aff:seq',
      'aff:ctl',
      'a:lock',
      '',
      '\uD800',
    ]) {
      expect(await queue.remove(id)).toBe(false);
      expect(await queue.cancel(id)).toBe('not-found');
      expect(await queue.getJob(id)).toBeUndefined();
    }
    expect(await queue.getQueueStats()).toEqual(before);
    await queue.waitUntilFinished(await queue.add(task('t')), 5_000);
  });

  it('of the task that its tag waits for ends the back-off', async () => {
    const { queue } = await startStage();
    const failing = await queue.add(task('t', 'fail'), { backoff: 60_000 });
    await until('the tag is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    const next = await queue.add(task('t', 'next'));
    expect(await queue.remove(failing.id!)).toBe(true);
    await queue.waitUntilFinished(next, 5_000);
  });
});

describe('cancel', () => {
  /** A handler that ends only by its signal, which may be aborted before it looks. */
  const untilAborted = async (_payload: unknown, { signal }: TaskContext): Promise<never> => {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    throw signal.reason;
  };

  it('aborts the signal of a running task, which fails for good', async () => {
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('wait', untilAborted);
      workers.registerHandler('note', () => 'ran');
    });
    const job = await queue.add({ type: 'wait', identifyTag: 't', payload: null });
    const next = await queue.add(task('t'));
    await until('it runs', async () => (await job.getState()) === 'active');
    expect(await queue.cancel(job.id!)).toBe('aborted');
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(`Task '${job.id}' was cancelled`);
    expect(await job.getState()).toBe('failed');
    expect((await queue.getJob(job.id!))!.attemptsMade).toBe(1); // of three
    expect(await queue.waitUntilFinished(next, 5_000)).toBe('ran');
  });

  it('reaches a task that is only just about to start, from another instance', async () => {
    const name = uniqueName();
    await startInstance({ name, workerOptions: { workerCount: 2 } }, (workers) => {
      workers.registerHandler('wait', untilAborted);
    });
    const { queue } = await startInstance({ name, role: 'PRODUCER' });
    for (const n of upTo(10)) {
      const job = await queue.add({ type: 'wait', identifyTag: `t${n % 5}`, payload: null });
      while ((await job.getState()) !== 'active');
      expect(await queue.cancel(job.id!)).toBe('aborted');
      await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow('was cancelled');
    }
  });

  it('is heeded when the word of it comes before the task itself', async () => {
    const { name, queue, recorder } = await startStage();
    await queue.pause();
    const job = await queue.add(task('t'));
    const [worker] = await queue.getWorkers();
    const redis = openRedis();
    const marker = (await redis.hget(`bull:${name}-worker-${worker!.workerId}:meta`, 'marker'))!;
    // What cancel sends; take and cancel reach a worker on different connections.
    const seq = await until('it is indexed', () => redis.zscore(`bull:${name}-pending:aff:seq`, job.id!));
    await redis.zadd(marker, 0, `cancel:${worker!.workerId}:1:${seq}:${job.id}`);
    await until('it has arrived', async () => (await redis.exists(marker)) === 0);
    await queue.resume();
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(`Task '${job.id}' was cancelled`);
    expect(recorder.runs).toEqual([]);
  });

  it('is over with the task: another one that gets its id runs', async () => {
    const ran: string[] = [];
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('note', async (payload: string, { signal }) => {
        ran.push(payload);
        if (payload !== 'first') return payload;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('aborted');
      });
    });
    const options = { jobId: 'order-7', removeOnFail: true, removeOnComplete: true };
    await queue.add({ type: 'note', identifyTag: 't', payload: 'first' }, options);
    await until('it runs', () => ran.length === 1);
    await expect(queue.cancel('order-7')).resolves.toBe('aborted');
    await until('it is gone', async () => (await queue.getJob('order-7')) === undefined);
    const again = await queue.add(
      { type: 'note', identifyTag: 't', payload: 'second' },
      { jobId: 'order-7' },
    );
    await expect(queue.waitUntilFinished(again, 5_000)).resolves.toBe('second');
    expect(ran).toEqual(['first', 'second']);
  });

  it('a handler that ignores its signal completes', async () => {
    const { queue, open } = await startStage();
    const job = await queue.add(task('t', 'hold'));
    await until('it runs', async () => (await job.getState()) === 'active');
    expect(await queue.cancel(job.id!)).toBe('aborted');
    expect(await queue.cancel(job.id!)).toBe('aborted');
    open();
    await queue.waitUntilFinished(job, 5_000);
    expect(await job.getState()).toBe('completed');
    await queue.waitUntilFinished(await queue.add(task('t')), 5_000);
  });

  it('a cancelled task whose worker goes away before it ends does not run again', async () => {
    const { name, close, recorder, queue } = await startStage({ workerOptions: { shutdownTimeout: 20 } });
    const job = await queue.add(task('t', 'hold'));
    await until('it runs', () => recorder.runs.length === 1);
    expect(await queue.cancel(job.id!)).toBe('aborted');
    await close();
    const other = await startInstance({ name }, (workers) => {
      workers.registerHandler('note', recorder.handler());
    });
    await expect(other.queue.waitUntilFinished(job, 5_000)).rejects.toThrow(`Task '${job.id}' was cancelled`);
    expect(recorder.runs).toHaveLength(1);
  });

  it('finds a task that fails an attempt meanwhile: it is removed from its back-off', async () => {
    const { queue, recorder } = await startStage();
    for (const n of upTo(10)) {
      const job = await queue.add(task(`t${n}`, 'fail'), { attempts: 1_000, backoff: 1 });
      await until('it has failed', () => recorder.ofTag(`t${n}`).length >= 2);
      expect(['removed', 'aborted']).toContain(await queue.cancel(job.id!));
      await until('it is over', async () => ['failed', 'unknown'].includes(await job.getState()));
    }
  });
});

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance } from '../../support/calm.js';
import { Recorder } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { libraryEntry } from './support/library-build.js';
import { clearStage, Scene } from './support/scene.js';

// It may have to be built, which is not the time of a test.
beforeAll(async () => {
  await libraryEntry();
}, 120_000);
afterEach(async () => {
  await clearStage();
  await closeAll();
});

describe('a task that blocks the event loop for longer than the lease', () => {
  it('loses its worker each time, goes to failed as a poison task, and its tag goes on', async () => {
    const scene = await Scene.open();
    const workerOptions = { maxCrashes: 2 };
    await scene.startLocal({ role: 'SCHEDULER', workerOptions });
    await scene.startChild({ role: 'WORKER', workerOptions });
    const options = { attempts: 1 };
    const [, poison] = await scene.add('a', [0, { n: 1, block: 2_500 }, 2], options);
    await scene.untilCompleted(2);
    expect(await scene.said('recovered')).toBe(2);
    const job = (await scene.producer.queue.getJob(poison!))!;
    expect(await job.getState()).toBe('failed');
    expect(job.failedReason).toBe('poison task: the worker died under it 2 times');
    expect(await scene.journal.started('a')).toEqual([0, 1, 1, 2]);
    // The process that was blocked joined again under new ids, and none of its late commits counted.
    const started = await scene.journal.of('a', 'started');
    expect(new Set(started.map(({ workerId }) => workerId)).size).toBe(3);
    expect(new Set(started.map(({ nodeId }) => nodeId)).size).toBe(1);
    expect(await scene.said('completed')).toBe(2);
  });
});

describe('names that objects have', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then'];

  it.each(names)('%s is a type, a tag and a key of a payload like any other', async (odd) => {
    const recorder = new Recorder();
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('note', recorder.handler());
    });
    const payload = JSON.parse(`{"${odd}":{"polluted":1},"list":[{"${odd}":0}]}`) as unknown;
    // No handler of that type: not one of the prototype either.
    const unknown = await queue.add({ type: odd, identifyTag: odd, payload }, { attempts: 1 });
    await expect(queue.waitUntilFinished(unknown, 10_000)).rejects.toThrow(
      `No handler for task type '${odd}'`,
    );
    const other = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler(
        odd,
        recorder.handler((given: unknown) => given),
      );
    });
    const job = await other.queue.add({ type: odd, identifyTag: odd, payload });
    const result = await other.queue.waitUntilFinished(job, 10_000);
    expect(JSON.stringify(result)).toBe(JSON.stringify(payload));
    expect(recorder.tags).toEqual([odd]);
    await until('the tag is done', async () => (await other.queue.getTagStats(odd)).boundTo.length === 0);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await other.queue.pauseTag(odd);
    expect(await other.queue.getTags()).toMatchObject([{ identifyTag: odd }]);
    expect(await queue.retryFailed({ type: odd, identifyTag: odd })).toBe(1);
  });
});

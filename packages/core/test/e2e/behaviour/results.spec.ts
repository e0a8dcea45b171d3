import { afterEach, describe, expect, it } from '@jest/globals';
import type { QueueModuleOptions, TaskHandler, TaskOptions } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/** One instance with one handler; `run` adds a task for it. */
async function start(handler: TaskHandler, options: QueueModuleOptions = {}) {
  const runs: number[] = [];
  const instance = await startInstance({ name: uniqueName(), ...options }, (workers) => {
    workers.registerHandler('note', (payload, context) => {
      runs.push(context.attempt);
      return handler(payload, context);
    });
    workers.registerHandler('other', () => 'fine');
  });
  const { queue } = instance;
  const run = (taskOptions: TaskOptions = {}) =>
    queue.add({ type: 'note', identifyTag: 't', payload: null }, { backoff: 0, ...taskOptions });
  const workersAreWell = async (): Promise<void> => {
    const job = await queue.add({ type: 'other', identifyTag: 't', payload: null });
    expect(await queue.waitUntilFinished(job, 5_000)).toBe('fine');
  };
  return { ...instance, run, runs, workersAreWell };
}

const circular: Record<string, unknown> = {};
circular.self = circular;

describe('a result that cannot be stored', () => {
  it.each([
    ['a function', () => () => 1, 'contains a function'],
    ['a symbol', () => Symbol('x'), 'contains a symbol'],
    ['a bigint', () => ({ n: 1n }), 'contains a bigint'],
    ['a circle', () => circular, 'refers to itself'],
    ['not a number', () => [Number.NaN], 'contains NaN'],
    ['a Map', () => new Map([[1, 2]]), 'contains a Map'],
    ['what throws in toJSON', () => ({ toJSON: () => { throw new Error('no'); } }), 'cannot be turned into JSON'], // prettier-ignore
  ])('%s fails the task for good, with the reason', async (_what, result, reason) => {
    const { run, queue, runs, workersAreWell } = await start(result);
    const job = await run();
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(
      `The result of task '${job.id}' ${reason}`,
    );
    expect(runs).toEqual([1]); // another attempt would give the same
    await workersAreWell();
  });

  it('one that is too large fails the task for good; one of just that size is stored', async () => {
    const options = { queueOptions: { maxResultBytes: 100 } };
    const tooLarge = await start(() => 'x'.repeat(99), options);
    const job = await tooLarge.run();
    await expect(tooLarge.queue.waitUntilFinished(job, 5_000)).rejects.toThrow(
      `The result of task '${job.id}' has 101 bytes of JSON; queueOptions.maxResultBytes allows 100`,
    );
    expect(tooLarge.runs).toEqual([1]);
    await tooLarge.workersAreWell();
    const fits = await start(() => 'x'.repeat(98), options);
    expect(await fits.queue.waitUntilFinished(await fits.run(), 5_000)).toBe('x'.repeat(98));
  });
});

/** A handler that throws this, whatever it is. */
const throwing =
  (value: unknown): TaskHandler =>
  () => {
    throw value as Error;
  };
const noError = 'The handler threw something that is no Error';

describe('a handler that throws', () => {
  it.each([
    ['an Error', throwing(new Error('boom')), 'boom'],
    ['an Error without a message', throwing(new Error()), ''],
    ['an error that cannot be changed', throwing(Object.freeze(new Error('frozen'))), 'frozen'],
    ['an error without a stack', throwing(Object.assign(new Error('bare'), { stack: undefined })), 'bare'],
    ['a text', throwing('boom'), `${noError}: boom`],
    ['undefined', throwing(undefined), `${noError}: undefined`],
    ['null', throwing(null), `${noError}: null`],
    ['a number', throwing(5), `${noError}: 5`],
    ['an object', throwing({ a: 1 }), `${noError}: an object`],
    ['a symbol', throwing(Symbol('s')), `${noError}: Symbol(s)`],
    ['a rejection', () => Promise.reject(new Error('later')), 'later'],
    [
      'a rejection with nothing',
      () => Promise.reject(undefined as unknown as Error),
      `${noError}: undefined`,
    ],
  ])('%s fails the attempt, and nothing else', async (_what, handler, message) => {
    const { run, queue, runs, workersAreWell } = await start(handler);
    const job = await run({ attempts: 2 });
    const error: unknown = await queue.waitUntilFinished(job, 5_000).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'AFFINITY_TASK_FAILED', message });
    expect(runs).toEqual([1, 2]);
    await workersAreWell();
  });
});

describe('taskTimeout', () => {
  const workerOptions = { taskTimeout: 40 };

  it('ends an attempt that takes longer: the signal is aborted, and the next attempt follows', async () => {
    const reasons: string[] = [];
    const { run, queue, runs } = await start(
      async (_payload, { attempt, signal }) => {
        if (attempt === 2) return 'in time';
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        reasons.push(signal.reason.code);
        throw new Error('stopped');
      },
      { workerOptions },
    );
    const job = await run();
    expect(await queue.waitUntilFinished(job, 5_000)).toBe('in time');
    expect(runs).toEqual([1, 2]);
    expect(reasons).toEqual(['AFFINITY_TASK_TIMEOUT']);
  });

  it('fails a task whose every attempt takes longer', async () => {
    const { run, queue, workersAreWell } = await start(() => new Promise(() => undefined), { workerOptions });
    const job = await run({ attempts: 2 });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(
      `Task '${job.id}' took longer than 40 ms`,
    );
    await workersAreWell();
  });

  it('a handler that goes on after it cannot change the outcome, nor break anything when it fails', async () => {
    let late = 0;
    const { run, queue, workersAreWell } = await start(
      async (_payload, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise((resolve) => setTimeout(resolve, 30));
        late += 1;
        throw new Error('too late to be heard');
      },
      { workerOptions },
    );
    const job = await run({ attempts: 1 });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow('took longer than 40 ms');
    await until('the handler has ended', () => late === 1);
    expect((await queue.getJob(job.id!))!.failedReason).toContain('took longer than 40 ms');
    await workersAreWell();
  });

  it('does not touch a task that is in time', async () => {
    let aborted: boolean | undefined;
    const { run, queue } = await start((_payload, { signal }) => (aborted = signal.aborted), {
      workerOptions,
    });
    expect(await queue.waitUntilFinished(await run(), 5_000)).toBe(false);
    expect(aborted).toBe(false);
  });
});

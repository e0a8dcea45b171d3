import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UnrecoverableError, type Job } from 'bullmq';
import {
  LeaseLostError,
  ResultNotSerializableError,
  ResultTooLargeError,
  TaskCancelledError,
  TaskTimeoutError,
  UnknownTaskTypeError,
} from '../errors/errors.js';
import { HandlerRegistry } from './handler-registry.js';
import type { TaskContext, TaskHandlerFunction } from './task-context.js';
import { TaskRunner } from './task-runner.js';

const job = {
  id: 'one',
  name: 'note',
  data: { identifyTag: 'company', payload: { n: 1 } },
  updateProgress: async () => undefined,
  log: async () => 7,
} as unknown as Job;
const attempt = {
  id: 'one',
  attempt: 3,
  identifyTag: 'company',
  batchPosition: 2,
  batchSize: 4,
  fencingToken: 99,
  retryOrder: 'block',
} as const;

function run(
  handler: TaskHandlerFunction,
  { taskTimeoutMs = 0, maxResultBytes = 100, controller = new AbortController(), type = 'note' } = {},
): Promise<unknown> {
  const registry = new HandlerRegistry();
  registry.register(type, handler);
  const runner = new TaskRunner(registry, { taskTimeoutMs, maxResultBytes });
  return runner.run(job, attempt, 'worker-1', controller);
}

afterEach(() => {
  jest.useRealTimers();
});

describe('TaskRunner', () => {
  it('gives the handler its payload and what it may know beside', async () => {
    let seen: TaskContext | undefined;
    const result = await run(async (payload: { n: number }, context) => {
      seen = context;
      return { sum: payload.n + (await context.log('row')) };
    });
    expect(result).toEqual({ sum: 8 });
    expect(seen).toMatchObject({
      job,
      identifyTag: 'company',
      workerId: 'worker-1',
      attempt: 3,
      batchPosition: 2,
      fencingToken: 99,
    });
    expect(seen?.signal.aborted).toBe(false);
  });

  it('takes what is returned or thrown at once as well', async () => {
    expect(await run(() => 'plain')).toBe('plain');
    expect(await run(() => undefined)).toBeUndefined();
    const thrower = (): never => {
      throw new Error('at once');
    };
    await expect(run(thrower)).rejects.toThrow('at once');
  });

  it('makes an Error of anything else that is thrown', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what this is about
    const failing = run(() => Promise.reject('a text'));
    await expect(failing).rejects.toThrow('The handler threw something that is no Error: a text');
    await expect(failing).rejects.toMatchObject({ cause: 'a text' });
  });

  it('fails the attempt of a type without handler, so that another instance can try', async () => {
    const failing = run(() => 1, { type: 'other' });
    await expect(failing).rejects.toThrow(UnknownTaskTypeError);
    await expect(failing).rejects.not.toBeInstanceOf(UnrecoverableError);
  });

  it.each([
    ['that JSON cannot hold', () => 1n, ResultNotSerializableError],
    ['that is too large', () => 'x'.repeat(99), ResultTooLargeError],
  ])('fails for good with a result %s', async (_what, handler, cause) => {
    const failing = run(handler as TaskHandlerFunction);
    await expect(failing).rejects.toBeInstanceOf(UnrecoverableError);
    await expect(failing).rejects.toMatchObject({ cause: expect.any(cause) });
  });

  it('counts the bytes of a result and not its characters', async () => {
    expect(await run(() => '项'.repeat(10), { maxResultBytes: 32 })).toHaveLength(10);
    await expect(run(() => '项'.repeat(10), { maxResultBytes: 31 })).rejects.toThrow();
  });

  it('aborts a handler that takes too long, and fails the attempt', async () => {
    jest.useFakeTimers();
    const controller = new AbortController();
    const failing = run(() => new Promise(() => undefined), { taskTimeoutMs: 50, controller });
    const outcome = expect(failing).rejects.toThrow(TaskTimeoutError);
    await jest.advanceTimersByTimeAsync(49);
    expect(controller.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await outcome;
    expect(controller.signal.reason).toBeInstanceOf(TaskTimeoutError);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind a handler that was in time', async () => {
    jest.useFakeTimers();
    expect(await run(() => 1, { taskTimeoutMs: 50 })).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a cancelled task fails for good, whatever its handler throws; it may still complete', async () => {
    const controller = new AbortController();
    const cancelled = new TaskCancelledError({ jobId: 'one' });
    const failing = run(
      async () => {
        controller.abort(cancelled);
        throw new Error('interrupted');
      },
      { controller },
    );
    await expect(failing).rejects.toBeInstanceOf(UnrecoverableError);
    await expect(failing).rejects.toMatchObject({ cause: cancelled });

    const second = new AbortController();
    const completing = run(
      async () => {
        second.abort(cancelled);
        return 'done';
      },
      { controller: second },
    );
    expect(await completing).toBe('done');
  });

  it('a lost lease is no end for good', async () => {
    const controller = new AbortController();
    const failing = run(
      async () => {
        controller.abort(new LeaseLostError({ holder: 'worker-1', reason: 'test' }));
        controller.signal.throwIfAborted();
      },
      { controller },
    );
    await expect(failing).rejects.toThrow(LeaseLostError);
    await expect(failing).rejects.not.toBeInstanceOf(UnrecoverableError);
  });

  it('does not call a handler whose task has been cancelled before', async () => {
    const controller = new AbortController();
    controller.abort(new TaskCancelledError({ jobId: 'one' }));
    const handler = jest.fn(() => 1);
    await expect(run(handler, { controller })).rejects.toBeInstanceOf(UnrecoverableError);
    expect(handler).not.toHaveBeenCalled();
  });
});

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
import { noInstruments, type WatchedAttempt } from '../observability/instruments.interface.js';
import { QueueInstruments } from '../observability/instruments/queue-instruments.js';
import { HandlerRegistry } from './handler-registry.js';
import type { TakenTask } from '../bullmq/taken-task.js';
import { RunningTask } from './running-task.js';
import type { TaskContext, TaskHandlerFunction } from './task-context.js';
import { TaskRunner } from './task-runner.js';

const job = {
  id: 'one',
  data: { identifyTag: 'company', payload: { n: 1 } },
  updateProgress: async () => undefined,
  log: async () => 7,
} as unknown as Job;
const task = {
  id: 'one',
  name: 'note',
  data: '{"identifyTag":"company","payload":{"n":1}}',
  attempt: 3,
  identifyTag: 'company',
  batchPosition: 2,
  batchSize: 4,
  fencingToken: 99,
} as TakenTask;

const newTask = (): RunningTask => new RunningTask(task, 'worker-1', () => job);

async function run(
  handler: TaskHandlerFunction,
  { taskTimeoutMs = 0, maxResultBytes = 100, running = newTask(), type = 'note' } = {},
): Promise<unknown> {
  const registry = new HandlerRegistry();
  registry.register(type, handler);
  const runner = new TaskRunner(registry, { taskTimeoutMs, maxResultBytes });
  const { value, json } = await runner.run(running);
  expect(JSON.parse(json)).toEqual(value ?? null);
  return value;
}

afterEach(() => {
  jest.useRealTimers();
});

describe('TaskRunner', () => {
  it('makes nothing for those who watch while nobody does', async () => {
    const createJob = jest.fn(() => job);
    const abortController = jest.spyOn(globalThis, 'AbortController');
    const attempt = jest.spyOn(noInstruments, 'attempt');
    const running = new RunningTask(task, 'worker-1', createJob);
    expect(await run(() => 7, { running })).toBe(7);
    expect([createJob, abortController, attempt].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
    jest.restoreAllMocks();
  });

  it('shows an attempt to those who watch, and makes its Job only for those who ask', async () => {
    const createJob = jest.fn(() => job);
    const instruments = new QueueInstruments();
    const seen: WatchedAttempt[] = [];
    instruments.attach({
      attemptBegan: (attempt) => seen.push(attempt),
      attemptEnded: () => undefined,
      dispatched: () => undefined,
      beat: () => undefined,
      recovered: () => undefined,
    });
    const registry = new HandlerRegistry();
    registry.register('note', () => 7);
    const runner = new TaskRunner(registry, { taskTimeoutMs: 0, maxResultBytes: 100 }, instruments);
    expect(await runner.run(new RunningTask(task, 'worker-1', createJob))).toEqual({ value: 7, json: '7' });
    expect(createJob).not.toHaveBeenCalled();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      type: 'note',
      hasHandler: true,
      identifyTag: 'company',
      workerId: 'worker-1',
      attempt: 3,
      batchPosition: 2,
      fencingToken: 99,
      abortReason: undefined,
      job,
    });
    expect(createJob).toHaveBeenCalledTimes(1);
  });

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
    const running = newTask();
    const failing = run(() => new Promise(() => undefined), { taskTimeoutMs: 50, running });
    const outcome = expect(failing).rejects.toThrow(TaskTimeoutError);
    await jest.advanceTimersByTimeAsync(49);
    expect(running.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await outcome;
    expect(running.signal.reason).toBeInstanceOf(TaskTimeoutError);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind a handler that was in time', async () => {
    jest.useFakeTimers();
    expect(await run(() => 1, { taskTimeoutMs: 50 })).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a cancelled task fails for good, whatever its handler throws; it may still complete', async () => {
    const running = newTask();
    const cancelled = new TaskCancelledError({ jobId: 'one' });
    const failing = run(
      async () => {
        running.abort(cancelled);
        throw new Error('interrupted');
      },
      { running },
    );
    await expect(failing).rejects.toBeInstanceOf(UnrecoverableError);
    await expect(failing).rejects.toMatchObject({ cause: cancelled });

    const second = newTask();
    const completing = run(
      async () => {
        second.abort(cancelled);
        return 'done';
      },
      { running: second },
    );
    expect(await completing).toBe('done');
  });

  it('a lost lease is no end for good', async () => {
    const running = newTask();
    const failing = run(
      async () => {
        running.abort(new LeaseLostError({ holder: 'worker-1', reason: 'test' }));
        running.signal.throwIfAborted();
      },
      { running },
    );
    await expect(failing).rejects.toThrow(LeaseLostError);
    await expect(failing).rejects.not.toBeInstanceOf(UnrecoverableError);
  });

  it('does not call a handler whose task has been cancelled before', async () => {
    const running = newTask();
    running.abort(new TaskCancelledError({ jobId: 'one' }));
    const handler = jest.fn(() => 1);
    await expect(run(handler, { running })).rejects.toBeInstanceOf(UnrecoverableError);
    expect(handler).not.toHaveBeenCalled();
  });
});

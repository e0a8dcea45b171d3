import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TaskFailedError, TaskNotFoundError, WaitTimeoutError } from '../errors/errors.js';
import { decodeEvent, type QueueEvent } from '../observability/events/queue-event.js';
import { FinishedTasks } from './finished-task.js';

type Stored = number | readonly [code: number, value: string];

/** A queue in memory: what reading says, and events by hand. */
function fakeQueue() {
  const stored = new Map<string, Stored>();
  const listeners = new Set<(event: QueueEvent) => void>();
  const counts = { reads: 0, opened: 0 };
  let ready: Promise<void> = Promise.resolve();
  const events = {
    listen: (listener: (event: QueueEvent) => void) => {
      counts.opened += 1;
      listeners.add(listener);
      return { ready, stop: () => void listeners.delete(listener) };
    },
  };
  const tasks = new FinishedTasks(events, async (jobId) => {
    counts.reads += 1;
    return stored.get(jobId) ?? -1;
  });
  return {
    tasks,
    stored,
    listeners,
    counts,
    neverReady: (): void => {
      ready = new Promise(() => undefined);
    },
    tell: (type: 'completed' | 'failed', fields: Record<string, string>) => {
      for (const listener of listeners) listener(decodeEvent(type, fields, '1-0'));
    },
  };
}

/** Lets everything run that waits for nothing but promises. */
const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

const unfinished: Stored = 0;

describe('FinishedTasks', () => {
  it('with a time-out of 0 looks once and does not listen', async () => {
    const { tasks, stored, counts } = fakeQueue();
    stored.set('a', [1, '{"n":1}']).set('b', [2, 'no']);
    stored.set('d', unfinished);
    expect(await tasks.wait('a', 0)).toEqual({ n: 1 });
    await expect(tasks.wait('b', 0)).rejects.toBeInstanceOf(TaskFailedError);
    await expect(tasks.wait('c', 0)).rejects.toBeInstanceOf(TaskNotFoundError);
    await expect(tasks.wait('d', 0)).rejects.toBeInstanceOf(WaitTimeoutError);
    expect(counts).toEqual({ reads: 4, opened: 0 });
  });

  it('of a task that has finished looks once', async () => {
    const { tasks, stored, counts } = fakeQueue();
    stored.set('a', [1, '{"n":1}']).set('b', [2, 'no']);
    expect(await tasks.wait('a')).toEqual({ n: 1 });
    await expect(tasks.wait('b')).rejects.toBeInstanceOf(TaskFailedError);
    expect(counts.reads).toBe(2);
  });

  it('of a task that is not there waits a little for an event that may be on its way', async () => {
    const { tasks, tell } = fakeQueue();
    const missing = expect(tasks.wait('a')).rejects.toBeInstanceOf(TaskNotFoundError);
    const ended = tasks.wait('b');
    await jest.advanceTimersByTimeAsync(100);
    tell('completed', { jobId: 'b', returnvalue: '"just now"' });
    expect(await ended).toBe('just now');
    await jest.advanceTimersByTimeAsync(200);
    await missing;
  });

  it('looks again when the event comes', async () => {
    const { tasks, stored, tell } = fakeQueue();
    stored.set('a', unfinished);
    const result = tasks.wait('a');
    await settle();
    stored.set('a', [1, '5']);
    tell('completed', { jobId: 'a', returnvalue: '5' });
    expect(await result).toBe(5);
  });

  it('does not believe an event about an earlier end of a task that was retried', async () => {
    const { tasks, stored, tell } = fakeQueue();
    stored.set('a', unfinished);
    const result = tasks.wait('a');
    await settle();
    tell('failed', { jobId: 'a', failedReason: 'the first time' });
    await settle();
    stored.delete('a'); // and then it was removed
    await Promise.all([
      expect(result).rejects.toBeInstanceOf(TaskNotFoundError),
      jest.advanceTimersByTimeAsync(5_000),
    ]);
  });

  it('believes the event where the task is not kept', async () => {
    const { tasks, stored, tell } = fakeQueue();
    stored.set('a', unfinished).set('b', unfinished);
    const results = [tasks.wait('a'), tasks.wait('b')];
    await settle();
    stored.clear();
    tell('completed', { jobId: 'a', returnvalue: '"done"' });
    tell('failed', { jobId: 'b', failedReason: 'no' });
    expect(await results[0]).toBe('done');
    await expect(results[1]).rejects.toThrow('no');
  });

  it('finds a task gone just before its event comes', async () => {
    const { tasks, stored, tell, counts } = fakeQueue();
    stored.set('a', unfinished);
    const result = tasks.wait('a');
    await settle();
    stored.clear();
    const { reads } = counts;
    await jest.advanceTimersByTimeAsync(1_000); // the recheck
    expect(counts.reads).toBe(reads + 1);
    tell('completed', { jobId: 'a', returnvalue: '1' });
    expect(await result).toBe(1);
  });

  it('without events looks for itself, less and less often', async () => {
    const { tasks, stored, counts } = fakeQueue();
    stored.set('a', unfinished);
    const result = tasks.wait('a');
    await settle();
    const { reads } = counts;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(counts.reads - reads).toBe(8); // after 1, 3, 7, 15, 25, 35, 45, 55 s
    stored.set('a', [1, 'true']);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await result).toBe(true);
  });

  it('looks and times out also while the event stream does not come up', async () => {
    const { tasks, stored, neverReady } = fakeQueue();
    neverReady();
    stored.set('a', unfinished);
    const timedOut = expect(tasks.wait('a', 500)).rejects.toBeInstanceOf(WaitTimeoutError);
    await jest.advanceTimersByTimeAsync(500);
    await timedOut;
    const result = tasks.wait('a');
    stored.set('a', [1, '1']);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await result).toBe(1);
  });

  it('many waiters share one listener, which stays for a while after the last of them', async () => {
    const { tasks, stored, tell, listeners, counts } = fakeQueue();
    stored.set('a', unfinished).set('b', unfinished);
    const results = Promise.all([tasks.wait('a'), tasks.wait('a'), tasks.wait('b')]);
    await settle();
    expect(listeners.size).toBe(1);
    for (const jobId of ['a', 'b']) {
      stored.set(jobId, [1, `"${jobId}"`]);
      tell('completed', { jobId, returnvalue: `"${jobId}"` });
    }
    expect(await results).toEqual(['a', 'a', 'b']);
    await jest.advanceTimersByTimeAsync(5_000);
    stored.set('c', [1, '"c"']);
    expect(await tasks.wait('c')).toBe('c');
    expect(counts.opened).toBe(1);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(listeners.size).toBe(0);
  });

  describe('close', () => {
    const closed = new Error('closed');

    it('tells those that wait what is stored, though nobody told them yet, and rejects the others', async () => {
      const { tasks, stored, listeners } = fakeQueue();
      stored.set('a', unfinished).set('b', unfinished).set('c', unfinished);
      const ended = Promise.allSettled([tasks.wait('a'), tasks.wait('b'), tasks.wait('c'), tasks.wait('c')]);
      await settle();
      stored.set('a', [1, '"a"']).set('b', [2, 'no']);
      await tasks.close(closed, true);
      expect(listeners.size).toBe(0);
      expect(await ended).toEqual([
        { status: 'fulfilled', value: 'a' },
        { status: 'rejected', reason: expect.any(TaskFailedError) },
        { status: 'rejected', reason: closed },
        { status: 'rejected', reason: closed },
      ]);
    });

    it('looks again where a look had begun before', async () => {
      const replies: ((stored: Stored) => void)[] = [];
      const events = { listen: () => ({ ready: Promise.resolve(), stop: () => undefined }) };
      const tasks = new FinishedTasks(events, () => new Promise((resolve) => replies.push(resolve)));
      const waiting = tasks.wait('a');
      await settle();
      const closing = tasks.close(closed, true);
      replies[0]!(unfinished);
      await settle();
      replies[1]!([1, '"a"']);
      await closing;
      expect(await waiting).toBe('a');
    });

    it('waits a moment for the event of a task that is not kept', async () => {
      const { tasks, stored, tell } = fakeQueue();
      stored.set('a', unfinished);
      const waiting = tasks.wait('a');
      await settle();
      stored.delete('a');
      const closing = tasks.close(closed, true);
      await settle();
      tell('completed', { jobId: 'a', returnvalue: '"late"' });
      await closing;
      expect(await waiting).toBe('late');
    });

    it('tells what an event says while it ends, of a task that was missing before already', async () => {
      const { tasks, tell } = fakeQueue();
      const waiting = tasks.wait('a');
      await settle();
      const closing = tasks.close(closed, true);
      await settle();
      tell('completed', { jobId: 'a', returnvalue: '"late"' });
      await closing;
      expect(await waiting).toBe('late');
    });

    it.each([
      ['is not waited for without a connection', false, 0],
      ['is not waited for longer than a moment', true, 500],
    ])('a look that nobody answers %s', async (_what, mayLook, ms) => {
      const events = { listen: () => ({ ready: Promise.resolve(), stop: () => undefined }) };
      const tasks = new FinishedTasks(events, () => new Promise(() => undefined));
      const ended = expect(tasks.wait('a')).rejects.toBe(closed);
      await settle();
      let isClosed = false;
      const closing = tasks.close(closed, mayLook).then(() => (isClosed = true));
      if (ms > 0) {
        await jest.advanceTimersByTimeAsync(ms - 1);
        expect(isClosed).toBe(false);
      }
      await jest.advanceTimersByTimeAsync(1);
      expect(isClosed).toBe(true);
      await Promise.all([closing, ended]);
    });

    it('does not look where there is no connection, nor waits for the events', async () => {
      const { tasks, counts, neverReady } = fakeQueue();
      neverReady();
      const ended = expect(tasks.wait('a')).rejects.toBe(closed);
      await tasks.close(closed, false);
      await ended;
      expect(counts.reads).toBe(0);
    });
  });
});

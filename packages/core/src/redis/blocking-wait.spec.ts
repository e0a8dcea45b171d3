import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { BlockingWait } from './blocking-wait.js';

/** A Redis that answers when the test says so. */
class FakeRedis {
  readonly waits: { readonly keys: string[]; answer(reply: unknown): void; fail(error: Error): void }[] = [];
  readonly disconnect = jest.fn();
  pending: string[] = [];

  bzpopmin(...args: (string | number)[]): Promise<unknown> {
    return new Promise((answer, fail) =>
      this.waits.push({ keys: args.slice(0, -1).map(String), answer, fail }),
    );
  }

  zpopmin(): Promise<string[]> {
    return Promise.resolve(this.pending.splice(0));
  }

  get lastWait() {
    const wait = this.waits.at(-1);
    if (wait === undefined) throw new Error('Nobody waits');
    return wait;
  }
}

describe('BlockingWait', () => {
  const clients: FakeRedis[] = [];
  const send = jest.fn<(...args: (string | number)[]) => Promise<number>>(() => Promise.resolve(1));
  /** Key, score, member and expiry of all that was added. */
  const added = () => send.mock.calls.map(([, , ...rest]) => rest);
  const onError = jest.fn();
  let wait: BlockingWait;

  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const client = (): FakeRedis => clients.at(-1)!;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    clients.length = 0;
    const create = (): Redis => {
      clients.push(new FakeRedis());
      return client() as unknown as Redis;
    };
    wait = new BlockingWait(create, 'interrupt', { eval: send } as unknown as Redis, onError);
  });

  afterEach(async () => {
    await wait.close();
    jest.useRealTimers();
  });

  it('connects when somebody begins to listen', async () => {
    expect(clients).toHaveLength(0);
    wait.watch('a', jest.fn());
    await settle();
    expect(client().lastWait.keys).toEqual(['interrupt', 'a']);
  });

  it('passes on what arrives with its score, and what arrived together with it', async () => {
    const [onA, onB] = [jest.fn(), jest.fn()];
    wait.watch('a', onA);
    wait.watch('b', onB);
    await settle();
    client().pending = ['second', '2', 'third', '3'];
    client().lastWait.answer(['b', 'first', '1']);
    await settle();
    expect(onB.mock.calls).toEqual([
      ['first', 1],
      ['second', 2],
      ['third', 3],
    ]);
    expect(onA).not.toHaveBeenCalled();
  });

  it('rotates the keys, so that none starves', async () => {
    for (const key of ['a', 'b', 'c']) wait.watch(key, jest.fn());
    await settle();
    client().lastWait.answer(['interrupt', 'keys', '0']);
    const orders: string[] = [];
    for (let i = 0; i < 4; i++) {
      await settle();
      orders.push(client().lastWait.keys.join(''));
      client().lastWait.answer(null);
    }
    expect(orders).toEqual(['interruptbca', 'interruptcab', 'interruptabc', 'interruptbca']);
  });

  it('interrupts itself when the keys change', async () => {
    wait.watch('a', jest.fn());
    await settle();
    expect(send).not.toHaveBeenCalled();
    const unwatch = wait.watch('b', jest.fn());
    expect(added()).toEqual([['interrupt', '0', 'keys', 60_000]]);
    client().lastWait.answer(['interrupt', 'keys', '0']);
    await settle();
    expect(client().lastWait.keys.sort()).toEqual(['a', 'b', 'interrupt']);
    unwatch();
    unwatch();
    expect(send).toHaveBeenCalledTimes(2);
  });

  it('puts back, for a while, what arrived after its listener had gone', async () => {
    const listener = jest.fn();
    wait.watch('b', jest.fn());
    wait.watch('a', listener)();
    await settle();
    send.mockClear();
    client().lastWait.answer(['a', '0', '7']);
    await settle();
    expect(listener).not.toHaveBeenCalled();
    expect(added()).toEqual([['a', '7', '0', 60_000]]);
  });

  it('waits without a connection in use while nobody listens', async () => {
    wait.watch('a', jest.fn())();
    await settle();
    client().lastWait.answer(['interrupt', 'keys', '0']);
    await settle();
    expect(client().waits).toHaveLength(1);
    wait.watch('b', jest.fn());
    await settle();
    expect(client().lastWait.keys).toEqual(['interrupt', 'b']);
  });

  it('allows one listener per key', () => {
    wait.watch('a', jest.fn());
    expect(() => wait.watch('a', jest.fn())).toThrow('Already waiting on a');
  });

  it('replaces a connection that does not answer', async () => {
    const listener = jest.fn();
    wait.watch('a', listener);
    await settle();
    const hanging = client();
    await jest.advanceTimersByTimeAsync(6_999);
    expect(hanging.disconnect).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1 + 200);
    expect(hanging.disconnect).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls).toMatchObject([[{ message: 'Redis did not answer BZPOPMIN within 7000 ms' }]]);
    expect(clients).toHaveLength(2);
    client().lastWait.answer(['a', 'member', '0']);
    await settle();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('reports an error and goes on after a pause, on the same connection', async () => {
    wait.watch('a', jest.fn());
    await settle();
    client().lastWait.fail(new Error('READONLY'));
    await settle();
    expect(onError).toHaveBeenCalledTimes(1);
    expect(client().waits).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(200);
    expect([clients.length, client().waits.length]).toEqual([1, 2]);
  });

  it('survives a listener that throws', async () => {
    const error = new Error('from a listener');
    wait.watch('a', () => {
      throw error;
    });
    await settle();
    client().lastWait.answer(['a', 'member', '0']);
    await settle();
    expect(onError.mock.calls).toEqual([[error]]);
    expect(client().waits).toHaveLength(2);
  });

  it('ends at once when it is closed, and says nothing of what that breaks off', async () => {
    wait.watch('a', jest.fn());
    await settle();
    await wait.close();
    expect(client().disconnect).toHaveBeenCalledTimes(1);
    expect(onError).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(60_000);
    expect([clients.length, client().waits.length]).toEqual([1, 1]);
  });
});

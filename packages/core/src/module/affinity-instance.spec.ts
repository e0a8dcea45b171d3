import { describe, expect, it } from '@jest/globals';
import { AffinityInstance } from './affinity-instance.js';
import type { QueueRuntime } from './queue-runtime.js';

describe('the end of an instance', () => {
  const full = new Error('no space left on device');
  const unreachable = new Error('a queue that does not close');

  it.each([
    ['its first error', [], full],
    ['what failed before', [() => Promise.reject(unreachable)], unreachable],
  ] as const)('calls everything that waits for it, and throws %s', async (_, closes, error) => {
    const instance = new AffinityInstance();
    (instance.queues as QueueRuntime[]).push(
      ...closes.map((close) => ({ close }) as unknown as QueueRuntime),
    );
    const called: string[] = [];
    for (const name of ['first', 'second'])
      instance.whenClosed(() => {
        called.push(name);
        throw name === 'first' ? full : new Error('another one');
      });
    await expect(instance.close()).rejects.toBe(error);
    expect(called).toEqual(['first', 'second']);
  });
});

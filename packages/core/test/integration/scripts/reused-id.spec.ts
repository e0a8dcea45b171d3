import { describe, expect, it } from '@jest/globals';
import { NotTaskOwnerError } from '../../../src/errors/errors.js';
import { notPlainCode } from '../../../src/errors/luaErrors.js';
import type { Harness, Taken } from './support/harness.js';
import { soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

/** w1 runs x1, which was removed all the same, as obliterate does, and added again under another tag: w2 is given that one. */
async function withReusedId(): Promise<{ queue: Harness; old: Taken }> {
  const queue = await newQueue();
  await queue.register('w1', 'w2');
  await queue.addMany('a', 'x1');
  await queue.dispatch();
  const old = await queue.take('w1', 'w1');
  await redis.del(queue.job('x1'), `${queue.job('x1')}:lock`, queue.list('active'));
  await queue.addAtOnce('b', 'x1');
  await queue.dispatch();
  return { queue, old };
}

const ends: Record<string, (queue: Harness, old: Taken) => Promise<unknown>> = {
  'completes the old one': async (queue, old) => {
    expect(await queue.complete([{ worker: 'w1', task: old }])).toEqual([notPlainCode]);
  },
  "completes the old one by BullMQ's script": (queue, old) => queue.commit('w1', old),
  'fails the old one': (queue, old) => queue.commit('w1', old, { failed: true }),
  'retries the old one': (queue, old) => queue.retry('w1', old),
  'delays the old one': (queue, old) => queue.delay('w1', old, { delayMs: 1_000 }),
  'takes again what it runs': async (queue) => {
    expect(await queue.takeReply('w1')).toBeUndefined();
  },
  retires: (queue) => queue.retire('w1'),
  'is declared dead': (queue) => queue.recover('w1'),
};

describe('a task that has the id of one that was removed while it ran', () => {
  it.each(Object.entries(ends))(
    'is left to the worker that runs it when the first one %s',
    async (_, end) => {
      const { queue, old } = await withReusedId();
      const now = await queue.take('w2', 'w2');
      expect(now).toMatchObject({ id: 'x1', attempt: '1', tag: 'b' });
      await end(queue, old);
      expect(await redis.lrange(queue.list('active'), 0, -1)).toEqual(['x1']);
      expect(await redis.get(`${queue.job('x1')}:lock`)).toBe('w2');
      expect(await queue.complete([{ worker: 'w2', task: now, value: '"second"' }])).toEqual([undefined]);
      expect(await redis.hget(queue.job('x1'), 'returnvalue')).toBe('"second"');
      const { completed, active, tags, seq } = await readSettled(queue);
      expect([completed, active, tags.get('a'), [...seq]]).toEqual([['x1'], [], [], []]);
    },
  );

  it.each(Object.entries(ends))('keeps its place while it waits when the first one %s', async (_, end) => {
    const { queue, old } = await withReusedId();
    await end(queue, old);
    expect(await queue.take('w2', 'w2')).toMatchObject({ id: 'x1', attempt: '1', tag: 'b' });
    const { active, tags } = await readSettled(queue);
    expect([active, tags.get('a')]).toEqual([['x1'], []]);
  });

  it('is not written to by the handler of the first one', async () => {
    const { queue, old } = await withReusedId();
    await queue.take('w2', 'w2');
    const keys = [queue.job('x1'), queue.list('events'), queue.list('meta')];
    const args = [old.attempt, 'x1', 'x1', '50'];
    await expect(queue.run('updateTaskProgress', { caller: 'w1', keys, args })).rejects.toThrow(
      NotTaskOwnerError,
    );
    await queue.run('updateTaskProgress', { caller: 'w2', keys, args });
    expect(await redis.hget(queue.job('x1'), 'progress')).toBe('50');
  });
});

/** Of w1, which may still have the old attempt, nothing is in the way. */
async function readSettled(queue: Harness): ReturnType<typeof soundState> {
  await queue.retire('w1');
  return soundState(queue);
}

import { describe, expect, it } from '@jest/globals';
import { NotTaskOwnerError, WorkerFencedError } from '../../../src/errors/errors.js';
import type { LuaScriptName } from '../../../src/redis/generated/lua-sources.js';
import type { Harness, Taken } from './support/harness.js';
import { eventsOf, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

const data = '{"identifyTag":"a","payload":"new"}';

/** What each script is called with, after the attempt and the id. */
const writes: Record<
  string,
  { readonly keys: (queue: Harness) => string[]; readonly args: (string | number)[] }
> = {
  updateTaskData: { keys: (queue) => [queue.job('a1')], args: [data, 'a'] },
  updateTaskProgress: {
    keys: (queue) => [queue.job('a1'), queue.list('events'), queue.list('meta')],
    args: ['a1', '{"done":5}'],
  },
  addTaskLog: { keys: (queue) => [queue.job('a1'), `${queue.job('a1')}:logs`], args: ['a1', 'a line', 2] },
};

async function write(queue: Harness, script: string, task: Pick<Taken, 'attempt'>): Promise<unknown> {
  const { keys, args } = writes[script]!;
  const call = { caller: 'w1', keys: keys(queue), args: [task.attempt, 'a1', ...args] };
  return queue.run(script as LuaScriptName, call);
}

async function running(): Promise<{ queue: Harness; task: Taken }> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', 'a1');
  await queue.dispatch();
  return { queue, task: await queue.take('w1') };
}

describe('what a handler writes about its task', () => {
  it('is written while the attempt runs', async () => {
    const { queue, task } = await running();
    expect(await write(queue, 'updateTaskData', task)).toBe(0);
    expect(await write(queue, 'updateTaskProgress', task)).toBe(0);
    expect(await redis.hmget(queue.job('a1'), 'data', 'progress')).toEqual([data, '{"done":5}']);
    expect(await eventsOf(queue, 'progress')).toMatchObject([{ jobId: 'a1', data: '{"done":5}' }]);
    for (const lines of [1, 2, 2]) expect(await write(queue, 'addTaskLog', task)).toBe(lines);
    expect(await redis.lrange(`${queue.job('a1')}:logs`, 0, -1)).toEqual(['a line', 'a line']);
  });

  it('and what somebody else logs about any task, whether it runs or not', async () => {
    const { queue } = await running();
    await queue.addMany('a', 'a2');
    const log = (id: string) => {
      const keys = [queue.job(id), `${queue.job(id)}:logs`];
      return queue.run('addTaskLog', { keys, args: ['', id, id, 'a line', ''] });
    };
    expect([await log('a1'), await log('a2'), await log('none')]).toEqual([1, 1, -1]);
    expect(await redis.hget(queue.list('aff:ctl'), 'logs')).toBe('1');
  });

  describe.each(Object.keys(writes))('%s', (script) => {
    it.each([
      [
        'the attempt was committed',
        NotTaskOwnerError,
        (queue: Harness, task: Taken) => queue.commit('w1', task),
      ],
      [
        'the task was handed back',
        NotTaskOwnerError,
        (queue: Harness, task: Taken) => queue.retry('w1', task),
      ],
      ['the worker was declared dead', WorkerFencedError, (queue: Harness) => queue.recover('w1')],
    ] as const)('is refused once %s, and leaves everything as it is', async (_, error, end) => {
      const { queue, task } = await running();
      await end(queue, task);
      const before = await queue.snapshot();
      await expect(write(queue, script, task)).rejects.toThrow(error);
      expect(await queue.snapshot()).toEqual(before);
    });

    it('is refused for another attempt', async () => {
      const { queue } = await running();
      const before = await queue.snapshot();
      await expect(write(queue, script, { attempt: '2' })).rejects.toThrow(NotTaskOwnerError);
      expect(await queue.snapshot()).toEqual(before);
    });
  });
});

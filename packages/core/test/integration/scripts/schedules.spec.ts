import { describe, expect, it } from '@jest/globals';
import { WorkerFencedError } from '../../../src/errors/errors.js';
import type { Harness, Taken } from './support/harness.js';
import { advance, removeSchedule as remove, upsert } from './support/schedule-calls.js';
import { soundState, useHarness } from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();
const hourMs = 3_600_000;

async function read(queue: Harness) {
  const rows = (await queue.run('getSchedules', { args: ['', 10] })) as [string, string, string, string[]][];
  expect(await queue.run('getSchedules', { args: ['s', 1] })).toEqual(rows);
  return rows.map(([id, slot, state, flat]) => {
    const hash = Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
    return { id, slot: Number(slot), state, hash };
  })[0];
}

/** Everything in Redis; what Redis dumps of a large hash comes in an order that changes while it only lies there. */
async function contents(queue: Harness): Promise<ReadonlyMap<string, unknown>> {
  const all = new Map<string, unknown>(await queue.snapshot());
  for (const key of all.keys()) {
    if ((await redis.type(key)) === 'hash') all.set(key, await redis.hgetall(key));
  }
  return all;
}

/** Taken by w1. */
async function taken(queue: Harness): Promise<Taken> {
  await queue.register('w1');
  await queue.dispatch();
  return queue.take('w1');
}

describe('advanceScheduler', () => {
  it('makes the next task once, with the options that the scheduler has', async () => {
    const queue = await newQueue();
    const [id] = (await upsert(queue, { every: hourMs })) as [string];
    expect((await taken(queue)).id).toBe(id);
    const before = (await read(queue))!;
    expect(before.state).toBe('started');
    const next = `repeat:s:${before.slot + hourMs}`;
    expect(await advance(queue, 'w1', id)).toBe(next);
    const all = await contents(queue);
    expect(await advance(queue, 'w1', id)).toBeNull();
    expect(await contents(queue)).toEqual(all);
    expect(await read(queue)).toMatchObject({
      slot: before.slot + hourMs,
      state: 'delayed',
      hash: { ic: '2' },
    });
    expect(JSON.parse((await redis.hget(queue.job(next), 'opts'))!)).toMatchObject({ attempts: 2 });
    expect(await redis.hget(queue.job(next), 'rjk')).toBe('s');
    await soundState(queue);
  });

  it('is refused to a worker that is not registered, and makes nothing of a scheduler that is gone', async () => {
    const queue = await newQueue();
    const [id] = (await upsert(queue, { every: hourMs })) as [string];
    await taken(queue);
    await expect(advance(queue, 'nobody', id)).rejects.toBeInstanceOf(WorkerFencedError);
    expect(await remove(queue)).toBe(0);
    expect(await advance(queue, 'w1', id)).toBeNull();
    expect(await redis.zcard(queue.list('delayed'))).toBe(0);
  });

  it('makes nothing beyond the end of an interval', async () => {
    const queue = await newQueue();
    const [id] = (await upsert(queue, { every: hourMs, endDate: Date.now() + hourMs - 60_000 })) as [string];
    await taken(queue);
    expect(await advance(queue, 'w1', id)).toBeNull();
    expect(await redis.zcard(queue.list('delayed'))).toBe(0);
  });
});

describe('upsertScheduler', () => {
  it('that changes nothing writes nothing, wherever the task is', async () => {
    const queue = await newQueue();
    const first = await upsert(queue, { every: hourMs });
    await queue.register('w1');
    for (const step of [() => undefined, () => queue.dispatch(), () => queue.take('w1')]) {
      await step();
      const before = await contents(queue);
      expect(await upsert(queue, { every: hourMs })).toEqual([(first as [string])[0], 0]);
      expect(await contents(queue)).toEqual(before);
    }
  });

  it('keeps an overdue slot of a pattern, and the time from which the next one is counted', async () => {
    const queue = await newQueue();
    const overdue = Date.now() - 5_000;
    await upsert(queue, { pattern: '* * * * *', slot: overdue });
    await queue.dispatch();
    const [id] = (await upsert(queue, { pattern: '* * * * *', slot: overdue + 60_000, tag: 'other' })) as [
      string,
    ];
    expect(id).toBe(`repeat:s:${overdue}`);
    expect(await redis.hget(queue.job(id), 'data')).toBe('{"identifyTag":"other"}');
    expect(JSON.parse((await redis.hget(queue.job(id), 'opts'))!)).toMatchObject({ prevMillis: overdue });
    expect(await queue.order(queue.list('wait'))).toEqual([id]);
    await soundState(queue);
  });

  it('leaves one alone that has ended by its limit', async () => {
    const queue = await newQueue();
    const [id] = (await upsert(queue, { every: hourMs, limit: 1 })) as [string];
    await queue.commit('w1', await taken(queue));
    expect(await read(queue)).toMatchObject({ state: 'ended' });
    expect(await upsert(queue, { every: hourMs, limit: 1 })).toEqual([id, 0]);
    expect(await redis.exists(queue.list('delayed'), queue.list('wait'))).toBe(0);
  });
});

describe('removeScheduler', () => {
  it('takes the next task with it, unless that has started', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    for (const step of [() => undefined, () => queue.dispatch()]) {
      const [id] = (await upsert(queue, { every: hourMs })) as [string];
      await step();
      expect(await remove(queue)).toBe(0);
      expect(await redis.exists(queue.job(id))).toBe(0);
      await soundState(queue);
    }
    const [id] = (await upsert(queue, { every: hourMs })) as [string];
    await queue.dispatch();
    await queue.take('w1');
    expect(await remove(queue)).toBe(0);
    expect(await redis.exists(queue.job(id))).toBe(1);
    expect(await remove(queue)).toBe(1);
    expect(await read(queue)).toBeUndefined();
  });
});

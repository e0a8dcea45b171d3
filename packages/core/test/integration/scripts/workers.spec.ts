import { describe, expect, it } from '@jest/globals';
import {
  ForeignQueueError,
  IncompatibleLayoutError,
  InvalidScriptArgumentError,
  NotTaskOwnerError,
  StaleLeaderError,
  TaskNotFoundError,
  TaskStillRunningError,
  WorkerFencedError,
} from '../../../src/errors/errors.js';
import { readStanding } from '../../../src/bullmq/standing.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { type Harness, type Taken } from './support/harness.js';
import {
  calm,
  eventsOf,
  isWoken,
  snapshotWithoutMarker,
  soundState,
  useHarness,
} from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

async function register(
  queue: Harness,
  worker: string,
  { layout = layoutVersion, node = 'node-1', lease = '1000' } = {},
): Promise<unknown> {
  const args = [layout, node, queue.marker, queue.keys.workerState(worker), '{"entry":1}', lease];
  return queue.run('registerWorker', { caller: worker, args });
}

/** w1 runs a1, has a2 and a3 left, and tag b as its look-ahead; a4 waits for the next batch. */
async function withEverything(): Promise<{ queue: Harness; running: Taken }> {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', 'a0', 'a1', 'a2', 'a3', 'a4');
  await queue.dispatch({ maxBatchSize: 4 });
  const running = (await queue.commit('w1', await queue.take('w1'), {
    fetchNext: true,
    short: true,
  })) as Taken;
  await queue.addMany('b', 'b1', 'b2');
  await queue.dispatch({ maxBatchSize: 4 });
  const { workers, tags } = await soundState(queue);
  expect(workers.get('w1')).toMatchObject({ wait: ['a2', 'a3'], next: ['b1', 'b2'], meta: { cur: 'a1' } });
  expect(tags.get('a')).toEqual(['a4']);
  await calm(queue);
  return { queue, running };
}

describe('registerWorker', () => {
  it('makes the worker known, alive and idle', async () => {
    const queue = await newQueue();
    expect(await register(queue, 'w1')).toBe(1);
    expect(await redis.hgetall(queue.keys.workerRegistry)).toEqual({ w1: '{"entry":1}' });
    expect(await redis.hgetall(queue.keys.beats)).toEqual({ w1: '0' });
    expect(await redis.hgetall(queue.worker('w1', 'meta'))).toEqual({
      queue: queue.keys.base,
      node: 'node-1',
      marker: queue.marker,
      entry: '{"entry":1}',
      state: queue.keys.workerState('w1'),
      lease: '1000',
    });
    expect(await redis.hget(queue.keys.workerState('w1'), 'status')).toBe('idle');
    expect(await redis.hget(queue.keys.control, 'layout')).toBe(layoutVersion);
    expect((await soundState(queue)).idle).toEqual(['w1']);
  });

  it('changes nothing when it is repeated, also while the worker is at work', async () => {
    const { queue } = await withEverything();
    const args = [
      layoutVersion,
      `${queue.name}-node`,
      queue.marker,
      queue.keys.workerState('w1'),
      '{"other":1}',
      2_000,
    ];
    const before = await queue.snapshot();
    expect(await queue.run('registerWorker', { caller: 'w1', args })).toBe(1);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('wakes the leader when tasks wait for a worker', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    await calm(queue);
    await register(queue, 'w1');
    expect(await isWoken(queue)).toBe(true);
  });

  it('refuses a lease that is no number before anything is written', async () => {
    const queue = await newQueue();
    const before = await queue.snapshot();
    await expect(register(queue, 'w1', { lease: 'long' })).rejects.toThrow(InvalidScriptArgumentError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is refused in another layout, and leaves everything as it is', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    const before = await queue.snapshot();
    await expect(register(queue, 'w2', { layout: '999' })).rejects.toThrow(IncompatibleLayoutError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it.each([
    ["another node's id", 'node', NotTaskOwnerError],
    ["another application's worker queue", 'queue', ForeignQueueError],
  ])(
    'is refused for %s, and leaves everything as it is, also the layout of a new queue',
    async (_, field, error) => {
      const queue = await newQueue();
      await redis.hset(queue.worker('w1', 'meta'), field, 'somebody-else');
      const before = await queue.snapshot();
      await expect(register(queue, 'w1')).rejects.toThrow(error);
      expect(await queue.snapshot()).toEqual(before);
    },
  );

  it('keeps the batch of a worker whose registry entry was lost', async () => {
    const { queue } = await withEverything();
    await redis.del(queue.keys.workerRegistry);
    await queue.register('w1');
    const { idle, workers } = await soundState(queue);
    expect(idle).toEqual([]);
    expect(workers.get('w1')).toMatchObject({ wait: ['a2', 'a3'], meta: { cur: 'a1' } });
  });

  it('does not make a worker idle twice whose registry entry was lost', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await redis.del(queue.keys.workerRegistry);
    await queue.register('w1');
    expect((await soundState(queue)).idle).toEqual(['w1']);
  });
});

describe('beat', () => {
  it('raises the counters, keeps the entries, and tells the lock', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await redis.pexpire(queue.keys.electionLock, 60_000);
    const beat = (): Promise<unknown> =>
      queue.run('beat', { caller: 'node', args: ['w1', 1, '{"n":1}', 'w2', 0, '{"n":2}'] });
    const [fenced, stuck, lockMs] = (await beat()) as [string[], string[], number];
    expect([fenced, stuck]).toEqual([[], []]);
    expect(lockMs).toBeGreaterThan(30_000);
    await beat();
    expect(await redis.hgetall(queue.keys.beats)).toEqual({ w1: '2', w2: '2' });
    expect(await redis.hgetall(queue.keys.workerRegistry)).toEqual({ w1: '{"n":1}', w2: '{"n":2}' });
    await redis.del(queue.keys.electionLock);
    expect(await beat()).toEqual([[], [], -2, [], []]);
    await queue.elect();
    expect(await beat()).toEqual([[], [], -1, [], []]);
  });

  it('names workers that are not registered, and does not bring them back', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.recover('w1');
    expect(await queue.run('beat', { caller: 'node', args: ['w1', 0, '{}'] })).toEqual([
      ['w1'],
      [],
      -1,
      [],
      [],
    ]);
    expect(await redis.exists(queue.keys.workerRegistry, queue.keys.beats)).toBe(0);
  });

  it('names workers that hold tasks and run none', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await queue.add({ id: 'a1', tag: 'a' }, { id: 'b1', tag: 'b' });
    await queue.dispatch();
    const beat = (running: 0 | 1): Promise<unknown> =>
      queue.run('beat', { caller: 'node', args: ['w1', 0, '{}', 'w2', running, '{}', 'w3', 0, '{}'] });
    expect(await beat(0)).toEqual([[], ['w1', 'w2'], -1, [], []]);
    expect(await beat(1)).toEqual([[], ['w1'], -1, [], []]);
    await queue.remove('a1'); // nothing is left of its batch, which has to end all the same
    expect(await beat(1)).toEqual([[], ['w1'], -1, [], []]);
    await queue.takeReply('w1');
    expect(await beat(1)).toEqual([[], [], -1, [], []]);
  });

  it('tells of a cancelled attempt again, until it has ended', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.add({ id: 'a1', tag: 'a' }, { id: 'b1', tag: 'b' });
    await queue.dispatch();
    const beat = (): Promise<unknown> =>
      queue.run('beat', { caller: 'node', args: ['w1', 1, '{}', 'w2', 0, '{}'] });
    const cancelled = async () => ((await beat()) as unknown[])[3];
    await queue.takeReply('w1');
    expect(await cancelled()).toEqual([]);
    const standing = (await redis.hget(queue.list('aff:standings'), 'w1')) ?? '';
    const { seq } = readStanding(standing);
    await queue.run('cancelTask', { args: ['a1'] });
    expect(await cancelled()).toEqual(['w1', 'a1', '1', seq]);
    expect(await cancelled()).toEqual(['w1', 'a1', '1', seq]);
    // An earlier attempt was meant.
    await redis.hset(queue.list('aff:standings'), 'w1', standing.replace(':1:', ':2:'));
    expect(await cancelled()).toEqual([]);
  });
});

describe('leaveWorker', () => {
  it('gives everything back but the running task, and the worker gets nothing new', async () => {
    const { queue, running } = await withEverything();
    await queue.run('leaveWorker', { caller: 'w1' });
    const state = await soundState(queue);
    expect([state.tags.get('a'), state.tags.get('b')]).toEqual([
      ['a2', 'a3', 'a4'],
      ['b1', 'b2'],
    ]);
    expect(state).toMatchObject({ ring: ['b'], hungry: [], ahead: [], active: ['a1'] });
    expect(await isWoken(queue)).toBe(true);
    await queue.addMany('a', 'a5');
    await queue.dispatch();
    expect(await queue.commit('w1', running, { fetchNext: true, short: true })).toBeUndefined();
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')).toMatchObject({ wait: [], next: [] });
    await queue.retire('w1');
    expect(await soundState(queue)).toMatchObject({ ring: ['a', 'b'] });
  });

  it('lets other workers of the tag go on at once where it may have several', async () => {
    const queue = await newQueue();
    await queue.setLimits(2);
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.take('w1');
    await queue.run('leaveWorker', { caller: 'w1' });
    await queue.register('w2');
    await queue.dispatch();
    expect(await queue.take('w2')).toMatchObject({ id: 'a2' });
  });

  it('keeps the order when the running task has to be tried again', async () => {
    const { queue, running } = await withEverything();
    await queue.run('leaveWorker', { caller: 'w1' });
    await queue.retry('w1', running);
    const state = await soundState(queue);
    expect(state.tags.get('a')).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(state.idle).toEqual([]);
  });

  it('changes nothing when it is repeated', async () => {
    const { queue } = await withEverything();
    await queue.run('leaveWorker', { caller: 'w1' });
    const before = await queue.snapshot();
    await queue.run('leaveWorker', { caller: 'w1' });
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is refused to a worker that was declared dead', async () => {
    const queue = await newQueue();
    await expect(queue.run('leaveWorker', { caller: 'w1' })).rejects.toThrow(WorkerFencedError);
    expect(await queue.allKeys()).toEqual([queue.keys.electionLock]);
  });
});

describe('retireWorker', () => {
  it('gives everything back in order, before the other tags, and leaves no key of the worker', async () => {
    const { queue } = await withEverything();
    await queue.addMany('c', 'c1');
    await queue.pauseQueue();
    await queue.dispatch();
    await queue.resumeQueue();
    await calm(queue);
    expect(await queue.retire('w1')).toBe(5);
    const state = await soundState(queue);
    expect([state.tags.get('a'), state.tags.get('b')]).toEqual([
      ['a1', 'a2', 'a3', 'a4'],
      ['b1', 'b2'],
    ]);
    expect(state).toMatchObject({ ring: ['a', 'b', 'c'], active: [], registered: new Set() });
    expect([...state.seq.keys()]).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
    expect(await isWoken(queue)).toBe(true);
    expect((await queue.allKeys()).filter((key) => key.includes('w1') || key.includes(':beats'))).toEqual([]);
    expect(await redis.hget(queue.job('a1'), 'stc')).toBeNull(); // no crash
    expect(await eventsOf(queue, 'released')).toMatchObject([{ workerId: 'w1', reason: 'shutdown' }]);
  });

  it('changes nothing when it is repeated', async () => {
    const { queue } = await withEverything();
    await queue.retire('w1');
    const before = await queue.snapshot();
    expect(await queue.retire('w1')).toBe(0);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('leaves no marker behind for an instance that is gone', async () => {
    const { queue } = await withEverything();
    await queue.run('cancelTask', { args: ['a1'] });
    await redis.zadd(queue.marker, 0, 'w1');
    await queue.retire('w1');
    expect(await redis.exists(queue.marker)).toBe(0);
  });

  it('wakes the leader for a tag that has more, also when the worker held nothing any more', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch({ maxBatchSize: 1 });
    await queue.commit('w1', await queue.take('w1'));
    await calm(queue);
    expect(await queue.retire('w1')).toBe(0);
    expect(await isWoken(queue)).toBe(true);
    expect((await soundState(queue)).ring).toEqual(['a']);
  });

  it('gives a batch and a look-ahead of 1,000 back', async () => {
    const queue = await newQueue();
    const ids = (prefix: string): string[] => Array.from({ length: 1_000 }, (_, i) => `${prefix}${i + 1}`);
    const bounds = { maxIds: 1_000, maxBatchSize: 1_000 };
    await queue.register('w1');
    await queue.addMany('a', ...ids('a'));
    await queue.dispatch(bounds);
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    await queue.addMany('b', ...ids('b'));
    await queue.dispatch(bounds);
    expect(await queue.retire('w1')).toBe(1_999);
    const { tags } = await soundState(queue);
    expect([tags.get('a'), tags.get('b')]).toEqual([ids('a').slice(1), ids('b')]);
  });
});

describe('recoverWorker', () => {
  it('puts everything back in order, before the other tags, and counts the crash', async () => {
    const { queue } = await withEverything();
    expect(await queue.recover('w1')).toBe(5);
    const state = await soundState(queue);
    expect([state.tags.get('a'), state.tags.get('b')]).toEqual([
      ['a1', 'a2', 'a3', 'a4'],
      ['b1', 'b2'],
    ]);
    expect(state.ring).toEqual(['a', 'b']);
    expect(await redis.hmget(queue.job('a1'), 'stc', 'atm', 'defa')).toEqual(['1', null, null]);
    expect(await redis.hget(queue.job('a2'), 'stc')).toBeNull();
    expect(await eventsOf(queue, 'recovered')).toEqual([{ event: 'recovered', workerId: 'w1', count: '5' }]);
    expect(await eventsOf(queue, 'released')).toMatchObject([{ reason: 'lost' }]);
  });

  it('marks the task as poison under which as many workers died as may', async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1');
    for (const [worker, reason] of [
      ['w1', null],
      ['w2', 'poison task: the worker died under it 2 times'],
    ] as const) {
      await queue.register(worker);
      await queue.dispatch();
      await queue.take(worker);
      await queue.recover(worker, { maxCrashes: 2 });
      expect(await redis.hget(queue.job('a1'), 'defa')).toBe(reason);
    }
  });

  it('spares a worker that has sent a heartbeat since the leader looked', async () => {
    const { queue } = await withEverything();
    await queue.run('beat', { caller: 'node', args: ['w1', 1, '{}'] });
    const before = await queue.snapshot();
    await expect(queue.recover('w1', { beat: '0' })).rejects.toThrow(TaskStillRunningError);
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.recover('w1', { beat: '1' })).toBe(5);
  });

  it('spares a worker whose lease lasts longer than the leader has seen it silent', async () => {
    const queue = await newQueue();
    await register(queue, 'w1', { lease: '60000' });
    const before = await queue.snapshot();
    await expect(queue.recover('w1', { silentMs: 59_999 })).rejects.toThrow(TaskStillRunningError);
    expect(await queue.snapshot()).toEqual(before);
    expect(await queue.recover('w1', { silentMs: 60_000 })).toBe(0);
  });

  it('recovers a worker that has told no lease, as those of an older version', async () => {
    const queue = await newQueue();
    await register(queue, 'w1');
    await redis.hdel(queue.worker('w1', 'meta'), 'lease');
    expect(await queue.recover('w1', { silentMs: 1 })).toBe(0);
  });

  it('recovers a worker once', async () => {
    const { queue } = await withEverything();
    await queue.recover('w1');
    const before = await queue.snapshot();
    await expect(queue.recover('w1')).rejects.toThrow(TaskNotFoundError);
    expect(await queue.snapshot()).toEqual(before);
  });

  it('is refused to a leader of an older term, and passes the wake-up on', async () => {
    const { queue } = await withEverything();
    const before = await snapshotWithoutMarker(queue);
    await expect(queue.recover('w1', { leader: 'leader:0' })).rejects.toThrow(StaleLeaderError);
    expect(await snapshotWithoutMarker(queue)).toEqual(before);
    expect(await isWoken(queue)).toBe(true);
  });

  it.each([{ maxCrashes: 'many' }, { silentMs: 'long' }])(
    'refuses %j before anything is written',
    async (argument) => {
      const { queue } = await withEverything();
      const before = await queue.snapshot();
      await expect(queue.recover('w1', argument as never)).rejects.toThrow(InvalidScriptArgumentError);
      expect(await queue.snapshot()).toEqual(before);
    },
  );

  it('does not bring a task back that was removed while it ran', async () => {
    const { queue } = await withEverything();
    await redis.del(queue.job('a1'));
    expect(await queue.recover('w1')).toBe(4);
    expect(await soundState(queue)).toMatchObject({ active: [], locks: new Set() });
  });

  describe('of an orphaned worker queue', () => {
    it('puts everything back when no registered worker owns it', async () => {
      const { queue } = await withEverything();
      await redis.del(queue.keys.workerRegistry);
      expect(await queue.recover('w1', { beat: '' })).toBe(5);
      expect((await soundState(queue)).tags.get('a')).toEqual(['a1', 'a2', 'a3', 'a4']);
    });

    it('spares one that belongs to a registered worker', async () => {
      const { queue } = await withEverything();
      const before = await queue.snapshot();
      await expect(queue.recover('w1', { beat: '' })).rejects.toThrow(TaskStillRunningError);
      expect(await queue.snapshot()).toEqual(before);
    });

    it('never touches one that is stamped by another application, or none at all', async () => {
      const queue = await newQueue();
      await redis.hset(queue.worker('w1', 'meta'), 'queue', 'bull:other:', 'tag', 'a');
      await redis.rpush(queue.worker('w1', 'wait'), 'a1');
      const before = await queue.snapshot();
      for (const beat of ['', '0'])
        await expect(queue.recover('w1', { beat })).rejects.toThrow(ForeignQueueError);
      await expect(queue.recover('w9', { beat: '' })).rejects.toThrow(TaskNotFoundError);
      expect(await queue.snapshot()).toEqual(before);
    });
  });
});

describe('cancelTask', () => {
  it('tells the worker that runs the task, and nobody else', async () => {
    const { queue } = await withEverything();
    expect(await queue.run('cancelTask', { args: ['a1'] })).toBe(1);
    expect(await redis.zrange(queue.marker, 0, '-1')).toEqual([
      `cancel:w1:1:${readStanding((await redis.hget(queue.list('aff:standings'), 'w1')) ?? '').seq}:a1`,
    ]);
    for (const id of ['a0', 'a2', 'b1', 'none'])
      expect(await queue.run('cancelTask', { args: [id] })).toBe(0);
    expect(await redis.zcard(queue.marker)).toBe(1);
  });

  it('does not believe a worker that is not ours', async () => {
    const queue = await newQueue();
    await redis.hset(queue.job('a1'), 'pb', 'foreign');
    expect(await queue.run('cancelTask', { args: ['a1'] })).toBe(0);
  });
});

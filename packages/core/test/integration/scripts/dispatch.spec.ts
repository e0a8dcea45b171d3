import { describe, expect, it } from '@jest/globals';
import { InvalidScriptArgumentError, StaleLeaderError } from '../../../src/errors/errors.js';
import type { Harness } from './support/harness.js';
import {
  calm,
  eventsOf,
  isWoken,
  snapshotWithoutMarker,
  soundState,
  useHarness,
} from './support/use-harness.js';

const { redis, queue: newQueue } = useHarness();

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);

async function tagList(queue: Harness, tag: string): Promise<readonly string[]> {
  return (await soundState(queue, { tags: [tag, ''] })).tags.get(tag) ?? [];
}

describe('the fence', () => {
  it.each([
    ['an older epoch', 'leader:0'],
    ['another instance', 'other:1'],
    ['a prefix of the value', 'leader:'],
  ])('refuses %s, changes nothing, and passes the wake-up on', async (_, leader) => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.add({ id: 'a1' });
    await calm(queue);
    const before = await snapshotWithoutMarker(queue);
    await expect(queue.dispatch({ leader })).rejects.toThrow(StaleLeaderError);
    expect(await snapshotWithoutMarker(queue)).toEqual(before);
    expect(await isWoken(queue)).toBe(true);
  });

  it('refuses when nobody leads', async () => {
    const queue = await newQueue();
    await redis.del(queue.keys.electionLock);
    await expect(queue.dispatch()).rejects.toThrow(StaleLeaderError);
  });

  it.each([
    { maxBatchSize: 0 },
    { maxBatchSize: 1_001 },
    { maxIds: 0 },
    { maxIds: 1_001 },
    { maxBytes: 0 },
    { maxBytes: NaN },
  ])('refuses %j before anything is written', async (limits) => {
    const queue = await newQueue();
    await queue.add({ id: 'a1' });
    const before = await queue.snapshot();
    await expect(queue.dispatch(limits)).rejects.toThrow(InvalidScriptArgumentError);
    expect(await queue.snapshot()).toEqual(before);
  });
});

it('leaves everything as it is when it fails', async () => {
  const queue = await newQueue();
  await queue.register('w1');
  await queue.addMany('a', 'a1');
  await redis.rename(queue.list('wait'), queue.list('prioritized'));
  const before = await queue.snapshot();
  await expect(queue.dispatch()).rejects.toThrow('WRONGTYPE');
  expect(await queue.snapshot()).toEqual(before);
});

describe('intake', () => {
  it('indexes tasks by their tag in the order in which they came', async () => {
    const queue = await newQueue();
    await queue.add(
      { id: 'a1', tag: 'a' },
      { id: 'b1', tag: 'b' },
      { id: 'a2', tag: 'a' },
      { id: 'b2', tag: 'b' },
    );
    expect(await queue.dispatch()).toEqual({ taken: 4, bound: 0, more: false, dueInMs: -1 });
    const state = await soundState(queue);
    expect(state.wait).toEqual([]);
    expect(state.tags.get('a')).toEqual(['a1', 'a2']);
    expect(state.tags.get('b')).toEqual(['b1', 'b2']);
    expect([...state.seq.keys()]).toEqual(['a1', 'b1', 'a2', 'b2']);
    expect(state.ring).toEqual(['a', 'b']);
  });

  it('goes on where it stopped when a call takes in as many ids as it may', async () => {
    const queue = await newQueue();
    await queue.addMany('a', ...ids('a', 5));
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 2, more: true });
    expect((await soundState(queue)).wait).toEqual(['a3', 'a4', 'a5']);
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 2, more: true });
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 1, more: false });
    expect((await soundState(queue)).tags.get('a')).toEqual(ids('a', 5));
  });

  it('stops after the task that reaches the limit of bytes', async () => {
    const queue = await newQueue();
    await queue.add(
      ...ids('a', 4).map((id) => ({ id, data: `{"identifyTag":"a","payload":"${'x'.repeat(400)}"}` })),
    );
    expect(await queue.dispatch({ maxBytes: 800 })).toMatchObject({ taken: 2, more: true });
    expect(await queue.dispatch({ maxBytes: 1 })).toMatchObject({ taken: 1, more: true });
    expect(await queue.dispatch({ maxBytes: 10_000 })).toMatchObject({ taken: 1, more: false });
  });

  it('takes 1,000 ids at once', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', ...ids('a', 2_000));
    expect(await queue.dispatch({ maxIds: 1_000, maxBatchSize: 1_000 })).toEqual({
      taken: 1_000,
      bound: 1_000,
      more: true,
      dueInMs: -1,
    });
    const state = await soundState(queue);
    expect(state.workers.get('w1')?.wait).toEqual(ids('a', 1_000));
    expect(state.wait).toHaveLength(1_000);
  });

  it.each([
    ': { } * ? [ab]* \\',
    '😀',
    '__proto__',
    'constructor',
    ' two  words ',
    '"',
    '\\',
    '\n\t',
    'ü'.repeat(256),
    '0',
    'a:b',
  ])('keeps the tag %j as it is', async (tag) => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.add({ id: 'a1', tag }, { id: 'a2', data: JSON.stringify({ payload: 1, identifyTag: tag }) });
    await queue.dispatch();
    expect(await queue.take('w1')).toMatchObject({ id: 'a1', tag });
    expect(await redis.hgetall(queue.list('aff:owners'))).toEqual(
      Object.assign(Object.create(null), { [tag]: 'w1' }),
    );
    expect((await soundState(queue, { tags: [tag] })).workers.get('w1')?.wait).toEqual(['a2']);
  });

  it.each([
    ['escaped characters', '{"identifyTag":"\\u0061\\n\\"\\\\","payload":1}', 'a\n"\\'],
    ['a surrogate pair in escapes', '{"identifyTag":"\\ud83d\\ude00"}', '😀'],
    ['a payload before it', '{"payload":{"identifyTag":"no"},"identifyTag":"yes"}', 'yes'],
    ['an escaped name', '{"identify\\u0054ag":"yes"}', 'yes'],
    ['an escaped name, and half a surrogate pair', '{"p":"\\ud83d","identify\\u0054ag":"yes"}', 'yes'],
    ['half a surrogate pair in the payload', '{"payload":"cut \\ud83d","identifyTag":"yes"}', 'yes'],
    [
      'half a surrogate pair and everything else',
      '{"p":[1,{"x":"]}\\"\\ud83d"}],"n":null , "identifyTag" : "\\u0079es" }',
      'yes',
    ],
    [
      'a payload nested deeper than cjson goes',
      `{"p":${'['.repeat(1_500)}${']'.repeat(1_500)},"identifyTag":"yes"}`,
      'yes',
    ],
    [
      'an escaped tag, and half a surrogate pair in the payload',
      '{"identifyTag":"\\u0079es","p":"\\ud83d"}',
      'yes',
    ],
    ['a brace in a string', '{"p":"}","identifyTag":"yes"}', 'yes'],
  ])('reads the tag of data with %s', async (_, data, tag) => {
    const queue = await newQueue();
    await queue.add({ id: 'a1', data });
    await queue.dispatch();
    expect(await tagList(queue, tag)).toEqual(['a1']);
    expect(await redis.hexists(queue.job('a1'), 'defa')).toBe(0);
  });

  it.each([
    ['a JSON string', '"str"', 'its data is not a JSON object'],
    ['a number', '5', 'its data is not a JSON object'],
    ['null', 'null', 'its data is not a JSON object'],
    ['a list', '[1,2]', 'its data has no string "identifyTag"'],
    ['no tag', '{"payload":1}', 'its data has no string "identifyTag"'],
    ['a numeric tag', '{"identifyTag":5}', 'its data has no string "identifyTag"'],
    ['an empty tag', '{"identifyTag":""}', 'its identifyTag is empty'],
    ['a tag that never ends', '{"identifyTag":"a', 'its identifyTag is not a JSON string'],
    ['half a surrogate pair as the tag', '{"identifyTag":"\\ud83d"}', 'its identifyTag is not a JSON string'],
    ['no JSON', 'no json', 'its data is no JSON object with a string "identifyTag"'],
    [
      'JSON that never ends',
      '{"p":1,"identifyTag":"a"',
      'its data is no JSON object with a string "identifyTag"',
    ],
    [
      'JSON with rubbish at its end',
      '{"p":1,"identifyTag":"a"} x',
      'its data is no JSON object with a string "identifyTag"',
    ],
    ['no data', '', 'its data is no JSON object with a string "identifyTag"'],
    [
      'a tag that is too long',
      `{"identifyTag":"${'x'.repeat(21)}"}`,
      'its identifyTag is longer than 20 bytes',
    ],
    ['too much data', `{"identifyTag":"a","p":"${'x'.repeat(1_000)}"}`, 'its data is larger than 1000 bytes'],
  ])('gives a task with %s a reason to fail, and loses none of the others', async (_, data, reason) => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.add({ id: 'a1', tag: 'a' }, { id: 'x1', data }, { id: 'a2', tag: 'a' });
    expect(await queue.dispatch({ maxDataBytes: 1_000, maxTagBytes: 20 })).toMatchObject({
      taken: 3,
      more: false,
    });
    await soundState(queue);
    expect(await redis.hget(queue.job('x1'), 'defa')).toBe(`malformed task: ${reason}`);
    expect(await queue.take('w2')).toMatchObject({ id: 'x1', tag: '' });
  });

  it('gives a task without a data field a reason to fail', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'x1' });
    await redis.hdel(queue.job('x1'), 'data');
    await queue.dispatch();
    expect(await redis.hget(queue.job('x1'), 'defa')).toBe('malformed task: it has no data');
  });

  it.each([
    ['processed', (key: string) => redis.hset(key, 'some:child', '1')],
    ['failed', (key: string) => redis.hset(key, 'some:child', 'reason')],
    ['unsuccessful', (key: string) => redis.zadd(key, 1, 'some:child')],
  ])('marks a task that had children (%s)', async (suffix, write) => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1', 'a2');
    await write(`${queue.job('a2')}:${suffix}`);
    await queue.dispatch();
    const marks = await Promise.all(['a1', 'a2'].map((id) => redis.hget(queue.job(id), 'aff:flow')));
    expect(marks).toEqual([null, '1']);
  });

  it('drops ids that are no task: without a hash, or the name of another key', async () => {
    const queue = await newQueue();
    await queue.add({ id: 'a1', tag: 'a' }, { id: 'gone1', tag: 'a' }, { id: 'a2', tag: 'a' });
    await redis.del(queue.job('gone1'));
    await redis.lpush(queue.list('wait'), 'aff:ring', 'events');
    await queue.add({ id: 'a3', tag: 'a' });
    await queue.dispatch();
    const state = await soundState(queue);
    expect(state.tags.get('a')).toEqual(['a1', 'a2', 'a3']);
    expect(state.wait).toEqual([]);
  });

  it("takes a foreign producer's prioritized tasks after the others, within the same bound", async () => {
    const queue = await newQueue();
    await queue.addMany('a', 'a1', 'a2');
    for (const [id, score] of [
      ['p1', 1],
      ['p2', 2],
      ['p3', 3],
    ] as const) {
      await queue.add({ id, tag: 'a' });
      await redis.lrem(queue.list('wait'), 1, id);
      await redis.zadd(queue.list('prioritized'), score, id);
    }
    expect(await queue.dispatch({ maxIds: 4 })).toMatchObject({ taken: 4, more: true });
    expect(await tagList(queue, 'a')).toEqual(['a1', 'a2', 'p1', 'p2']);
    expect(await queue.dispatch({ maxIds: 4 })).toMatchObject({ taken: 1, more: false });
    expect(await tagList(queue, 'a')).toEqual(['a1', 'a2', 'p1', 'p2', 'p3']);
  });

  it('goes on while the queue is paused, without binding', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.pauseQueue();
    await queue.addMany('a', 'a1');
    expect(await queue.dispatch()).toMatchObject({ taken: 1, bound: 0 });
    await queue.resumeQueue();
    expect(await isWoken(queue)).toBe(true);
    expect(await queue.dispatch()).toMatchObject({ taken: 0, bound: 1 });
  });
});

describe('delayed tasks', () => {
  async function addDelayed(queue: Harness, id: string, dueInMs: number): Promise<void> {
    await queue.add({ id, tag: 'a', fields: { delay: dueInMs } });
    await redis.lrem(queue.list('wait'), 1, id);
    await redis.zadd(queue.list('delayed'), (Date.now() + dueInMs) * 4096, id);
  }

  it('enter when they are due, behind what already waits, in the order of their times', async () => {
    const queue = await newQueue();
    await addDelayed(queue, 'd2', -1_000);
    await addDelayed(queue, 'd1', -2_000);
    await addDelayed(queue, 'd3', 60_000);
    await queue.addMany('a', 'a1');
    const { dueInMs } = await queue.dispatch();
    expect(await tagList(queue, 'a')).toEqual(['a1', 'd1', 'd2']);
    expect(dueInMs).toBeGreaterThan(30_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
    expect(await redis.hget(queue.job('d1'), 'delay')).toBe('0');
    expect(await redis.hget(queue.job('d3'), 'delay')).toBe('60000');
    expect(await eventsOf(queue, 'waiting')).toEqual([
      { event: 'waiting', jobId: 'd1', prev: 'delayed' },
      { event: 'waiting', jobId: 'd2', prev: 'delayed' },
    ]);
  });

  it('are dropped where the hash is gone, instead of coming to life without data', async () => {
    const queue = await newQueue();
    await addDelayed(queue, 'd1', -1_000);
    await redis.del(queue.job('d1'));
    expect(await queue.dispatch()).toEqual({ taken: 0, bound: 0, more: false, dueInMs: -1 });
    expect(await redis.exists(queue.job('d1'), queue.list('delayed'))).toBe(0);
  });

  it('say that there is more also when those that one call may promote are no tasks any more', async () => {
    const queue = await newQueue();
    for (const id of ids('d', 3)) await addDelayed(queue, id, -1_000 + Number(id.slice(1)));
    await redis.del(queue.job('d1'), queue.job('d2'));
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 0, more: true });
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 1, more: false });
  });

  it('say that there is more when more are due than one call may promote', async () => {
    const queue = await newQueue();
    for (const id of ids('d', 3)) await addDelayed(queue, id, -1_000 + Number(id.slice(1)));
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 2, more: true });
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ taken: 1 });
    expect(await tagList(queue, 'a')).toEqual(['d1', 'd2', 'd3']);
  });
});

describe('binding', () => {
  it('gives ready tags to idle workers in the order of both, with rising fencing tokens', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await queue.addMany('b', 'b1', 'b2', 'b3');
    await queue.addMany('a', 'a1');
    expect(await queue.dispatch({ maxBatchSize: 2 })).toEqual({
      taken: 4,
      bound: 3,
      more: false,
      dueInMs: -1,
    });
    const { workers, idle } = await soundState(queue);
    expect([workers.get('w1')?.wait, workers.get('w2')?.wait]).toEqual([['b1', 'b2'], ['a1']]);
    expect(idle).toEqual(['w3']);
    const [first, second] = [workers.get('w1')?.meta.fence, workers.get('w2')?.meta.fence].map(Number);
    expect(second).toBeGreaterThan(first!);
    expect(await isWoken(queue, 'w1')).toBe(true);
    expect(await isWoken(queue, 'w3')).toBe(false);
    expect(await redis.hgetall(queue.keys.workerState('w1'))).toEqual({
      workerId: 'w1',
      status: 'running',
      currentIdentifyTag: 'b',
      currentBatchSize: '2',
    });
    expect(await eventsOf(queue, 'bound')).toMatchObject([
      { identifyTag: 'b', workerId: 'w1', size: '2', fencingToken: String(first) },
      { identifyTag: 'a', workerId: 'w2', size: '1', fencingToken: String(second) },
    ]);
  });

  it('never gives a fencing token twice, also when the clock of Redis goes back', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await redis.hset(queue.keys.control, 'fence', '9007199254740000');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    expect(await queue.take('w1')).toMatchObject({ fence: '9007199254740001' });
  });

  it('gives a higher fencing token also where a failover has lost the latest ones', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    const fences: number[] = [];
    for (const known of [undefined, undefined, () => fences[0]!]) {
      // At last what a replica knew that had missed the batch in between.
      if (known) await redis.hset(queue.keys.control, 'fence', known());
      await queue.dispatch({ maxBatchSize: 1 });
      const task = await queue.take('w1');
      fences.push(Number(task.fence));
      await queue.commit('w1', task);
      await queue.takeReply('w1');
    }
    const [, second, third] = fences;
    expect(third).toBeGreaterThan(second!);
  });

  it('extends the batch of a bound tag up to its limit, on the same worker', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.addMany('a', 'a1');
    await queue.dispatch({ maxBatchSize: 3 });
    const task = await queue.take('w1');
    await queue.addMany('a', 'a2', 'a3', 'a4');
    await queue.dispatch({ maxBatchSize: 3 });
    const { workers, tags, ring, idle } = await soundState(queue, {}, { maxBatchSize: 3 });
    expect(workers.get('w1')).toMatchObject({ wait: ['a2', 'a3'], meta: { batch: '3', done: '1' } });
    expect(tags.get('a')).toEqual(['a4']);
    expect([ring, idle]).toEqual([[], ['w2']]);
    expect(await redis.hget(queue.keys.workerState('w1'), 'currentBatchSize')).toBe('3');
    expect(await queue.commit('w1', task, { fetchNext: true })).toMatchObject({ id: 'a2', position: 2 });
  });

  it('stops when one call has bound as many ids as it may', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await queue.pauseQueue();
    await queue.add(...['a', 'b', 'c'].flatMap((tag) => ids(tag, 2).map((id) => ({ id, tag }))));
    await queue.dispatch();
    await queue.resumeQueue();
    expect(await queue.dispatch({ maxIds: 3, maxBatchSize: 2 })).toMatchObject({ bound: 4, more: true });
    expect(await queue.dispatch({ maxIds: 3, maxBatchSize: 2 })).toMatchObject({ bound: 2, more: false });
  });

  it('lets as many workers hold a batch as the global concurrency says', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await queue.add(...['a', 'b', 'c'].map((tag) => ({ id: `${tag}1`, tag })));
    await redis.hset(queue.list('meta'), 'concurrency', 2);
    expect(await queue.dispatch()).toMatchObject({ bound: 2, more: false });
    expect((await soundState(queue)).ring).toEqual(['c']);
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true });
    expect(await isWoken(queue)).toBe(true);
    expect(await queue.dispatch()).toMatchObject({ bound: 1 });
  });

  it('finds what was added while the global concurrency kept BullMQ from waking anybody', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1');
    await queue.dispatch();
    const task = await queue.take('w1');
    await queue.addMany('b', 'b1');
    await calm(queue); // BullMQ's add sets no marker while the queue is at its limit
    await queue.commit('w1', task, { fetchNext: true });
    expect(await isWoken(queue)).toBe(true);
  });

  it('lets a tag have as many workers as its limit says', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2', 'w3');
    await queue.setLimits(1, { b: 2 });
    await queue.add(
      ...ids('a', 3).map((id) => ({ id, tag: 'a' })),
      ...ids('b', 3).map((id) => ({ id, tag: 'b' })),
    );
    await queue.dispatch({ maxBatchSize: 1 });
    const { owners, ring } = await soundState(queue);
    expect([owners.get('a'), owners.get('b')]).toEqual([['w1'], ['w2', 'w3']]);
    expect(ring).toEqual([]);
  });
});

describe('look-ahead', () => {
  /** w1 runs short tasks of tag a and has tag b as its look-ahead. */
  async function withLookAhead(): Promise<Harness> {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.dispatch();
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    await queue.addMany('b', 'b1', 'b2');
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')).toMatchObject({
      next: ['b1', 'b2'],
      meta: { ntag: 'b' },
    });
    return queue;
  }

  it('is given to busy workers whose tasks are short, and to no others', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    const second = await queue.commit('w1', await queue.take('w1'), { fetchNext: true });
    await queue.dispatch();
    expect((await soundState(queue)).ahead).toEqual([]);
    await calm(queue);
    await queue.commit('w1', second as never, { fetchNext: true, short: true });
    expect(await isWoken(queue)).toBe(true);
    await queue.dispatch();
    expect((await soundState(queue)).ahead).toEqual(['w1']);
  });

  it('begins, whole and in order, when the batch before it is over', async () => {
    const queue = await withLookAhead();
    const third = await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    expect(third).toMatchObject({ id: 'a3', position: 3 });
    const next = await queue.commit('w1', third as never, { fetchNext: true, short: true });
    expect(next).toMatchObject({ id: 'b1', tag: 'b', position: 1 });
    const { owners, hungry, ahead, workers } = await soundState(queue);
    expect([...owners]).toEqual([['b', ['w1']]]);
    expect([hungry, ahead]).toEqual([['w1'], []]);
    expect(workers.get('w1')).toMatchObject({ wait: ['b2'], meta: { batch: '2', done: '1' } });
    expect(await eventsOf(queue, 'bound')).toMatchObject([
      { identifyTag: 'a' },
      { identifyTag: 'b', size: '2' },
    ]);
  });

  it('stops the batch before it from growing', async () => {
    const queue = await withLookAhead();
    await queue.addMany('a', 'a4');
    await queue.dispatch();
    expect((await soundState(queue)).tags.get('a')).toEqual(['a4']);
  });

  it('goes to a worker that becomes idle, and its worker may get another one', async () => {
    const queue = await withLookAhead();
    await queue.register('w2');
    expect(await isWoken(queue)).toBe(true);
    await queue.dispatch();
    const state = await soundState(queue);
    expect(state.workers.get('w2')?.wait).toEqual(['b1', 'b2']);
    expect(state.hungry).toEqual(['w1']);
    await queue.addMany('c', 'c1');
    await queue.dispatch();
    expect((await soundState(queue)).workers.get('w1')?.next).toEqual(['c1']);
  });

  it('yields to tags that became ready later, until it has waited for a second', async () => {
    const waiting = await withLookAhead();
    await waiting.addMany('c', 'c1');
    await waiting.register('w2');
    await waiting.dispatch();
    expect((await soundState(waiting)).owners.get('c')).toEqual(['w2']);

    const patient = await withLookAhead();
    const secondAgo = BigInt((await redis.hget(patient.worker('w1', 'meta'), 'nfence'))!) - 1_100_000n;
    await redis.hset(patient.worker('w1', 'meta'), 'nfence', secondAgo.toString());
    await patient.addMany('c', 'c1');
    await patient.register('w2');
    await patient.dispatch();
    const { owners, workers } = await soundState(patient);
    expect(owners.get('b')).toEqual(['w2']);
    expect(workers.get('w1')?.next).toEqual(['c1']);
  });

  it('is not given while a worker is idle', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.addMany('a', 'a1', 'a2', 'a3');
    await queue.dispatch();
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    await queue.addMany('b', 'b1');
    await queue.dispatch();
    expect(await soundState(queue)).toMatchObject({ ahead: [], idle: [] });
  });

  it('is not given above the global concurrency, and is at it', async () => {
    const queue = await newQueue();
    await queue.register('w1', 'w2');
    await queue.add(...['a', 'b'].flatMap((tag) => ids(tag, 3).map((id) => ({ id, tag }))));
    await queue.dispatch();
    for (const worker of ['w1', 'w2'])
      await queue.commit(worker, await queue.take(worker), { fetchNext: true, short: true });
    await queue.addMany('c', 'c1');
    await redis.hset(queue.list('meta'), 'concurrency', 1);
    await queue.dispatch();
    expect((await soundState(queue)).ahead).toEqual([]);
    await redis.hset(queue.list('meta'), 'concurrency', 2);
    await queue.dispatch();
    expect((await soundState(queue)).ahead).toEqual(['w1']);
  });

  it('holds 1,000 ids, also on its way back', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.commit('w1', await queue.take('w1'), { fetchNext: true, short: true });
    await queue.addMany('b', ...ids('b', 1_000));
    await queue.dispatch({ maxIds: 1_000, maxBatchSize: 1_000 });
    expect((await soundState(queue)).workers.get('w1')?.next).toHaveLength(1_000);
    await queue.register('w2');
    await queue.dispatch({ maxIds: 1_000, maxBatchSize: 1_000 });
    expect((await soundState(queue)).workers.get('w2')?.wait).toEqual(ids('b', 1_000));
  });
});

describe('parked tags', () => {
  it('come back, at the end of the ring, when their back-off is over', async () => {
    const queue = await newQueue();
    await queue.register('w1');
    await queue.addMany('a', 'a1', 'a2');
    await queue.dispatch();
    await queue.retry('w1', await queue.take('w1'), { delayMs: 60_000 });
    await queue.register('w2');
    await queue.pauseQueue();
    await queue.addMany('b', 'b1');
    const { dueInMs } = await queue.dispatch();
    expect(dueInMs).toBeGreaterThan(30_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
    await queue.letTimePass();
    expect(await queue.dispatch()).toMatchObject({ dueInMs: -1 });
    expect((await soundState(queue)).ring).toEqual(['b', 'a']);
  });

  it('say that there is more when more are due than one call may unpark', async () => {
    const queue = await newQueue();
    await redis.zadd(queue.list('aff:parked'), 1, 'a', 2, 'b', 3, 'c');
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ more: true });
    expect(await queue.dispatch({ maxIds: 2 })).toMatchObject({ more: false, dueInMs: -1 });
  });
});

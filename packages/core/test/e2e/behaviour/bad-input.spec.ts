import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { AffinityQueueError, QueueClosedError, type QueueService } from '../../../src/index.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { uniqueName } from '../../support/redis.js';

let redis: Redis;
let name: string;
let queue: QueueService;
let before: string[];

/** Everything in Redis that belongs to this queue: keys and what they hold. */
async function snapshot(): Promise<string[]> {
  const keys = (await redis.keys(`*${name}*`)).sort();
  return Promise.all(keys.map(async (key) => `${key} ${(await redis.dumpBuffer(key)).toString('hex')}`));
}

beforeAll(async () => {
  redis = openRedis();
  name = uniqueName();
  ({ queue } = await startInstance({
    name,
    role: 'PRODUCER',
    queueOptions: { maxPayloadBytes: 1_000, maxTagBytes: 20 },
  }));
  await queue.add({ type: 'note', identifyTag: 'present', payload: 1 }, { jobId: 'present' });
  before = await snapshot();
});

afterEach(async () => {
  expect(await snapshot()).toEqual(before);
});

afterAll(async () => {
  await closeAll();
});

const good = { type: 'note', identifyTag: 't', payload: 1 };
const circular: Record<string, unknown> = {};
circular.self = circular;
const deep = (depth: number): unknown => {
  let value: unknown = 0;
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
};

const badTasks: [string, unknown, object][] = [
  ['nothing', undefined, { field: 'task' }],
  ['null', null, { field: 'task' }],
  ['a text', 'note', { field: 'task' }],
  ['a list', [good], { field: 'task' }],
  ['no type', { ...good, type: undefined }, { field: 'type' }],
  ['an empty type', { ...good, type: '' }, { field: 'type' }],
  ['a type that is no text', { ...good, type: 5 }, { field: 'type' }],
  ['an over-long type', { ...good, type: 'x'.repeat(513) }, { field: 'type' }],
  ['no tag', { type: 'note', payload: 1 }, { field: 'identifyTag' }],
  ['an empty tag', { ...good, identifyTag: '' }, { field: 'identifyTag' }],
  ['a tag that is no text', { ...good, identifyTag: { toString: () => 't' } }, { field: 'identifyTag' }],
  ['a number as tag', { ...good, identifyTag: 17 }, { field: 'identifyTag' }],
  ['an over-long tag', { ...good, identifyTag: 'x'.repeat(21) }, { field: 'identifyTag' }],
  ['a tag over-long in bytes', { ...good, identifyTag: '公'.repeat(7) }, { field: 'identifyTag' }],
  ['half an emoji as tag', { ...good, identifyTag: '\uD83D' }, { field: 'identifyTag' }],
  ['a function', { ...good, payload: () => 1 }, { field: 'payload' }],
  ['a symbol inside', { ...good, payload: { s: Symbol('s') } }, { field: 'payload' }],
  ['a bigint', { ...good, payload: [1n] }, { field: 'payload' }],
  ['NaN', { ...good, payload: Number.NaN }, { field: 'payload' }],
  ['Infinity inside', { ...good, payload: { n: Number.POSITIVE_INFINITY } }, { field: 'payload' }],
  ['a circle', { ...good, payload: circular }, { field: 'payload' }],
  ['a Map', { ...good, payload: new Map() }, { field: 'payload' }],
  ['a Set inside', { ...good, payload: [new Set([1])] }, { field: 'payload' }],
  ['a promise', { ...good, payload: Promise.resolve(1) }, { field: 'payload' }],
  ['nested too deeply', { ...good, payload: deep(20_000) }, { field: 'payload' }],
  ['too large', { ...good, payload: 'x'.repeat(999) }, { field: 'payload' }],
  ['too large in bytes', { ...good, payload: '公'.repeat(333) }, { field: 'payload' }],
];

describe('add and addBulk refuse a task that is', () => {
  it.each(badTasks)('%s', async (_what, task, details) => {
    const adding = queue.add(task as any);
    await expect(adding).rejects.toBeInstanceOf(AffinityQueueError);
    await expect(adding).rejects.toMatchObject({ code: 'AFFINITY_INVALID_TASK', details });
    // In a list, nothing of it is added.
    const bulk = queue.addBulk([good, task as any, good]);
    await expect(bulk).rejects.toMatchObject({
      code: 'AFFINITY_INVALID_TASK',
      details: { ...details, index: 1 },
    });
  });
});

describe('a payload of 20 MB', () => {
  it('is refused where no limit is given, alone and in a list; one within the limit is not', async () => {
    const producer = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    const large = { ...good, payload: { text: 'x'.repeat(20 * 1024 * 1024) } };
    const details = { field: 'payload' };
    for (const adding of [producer.queue.add(large), producer.queue.addBulk([good, large])]) {
      await expect(adding).rejects.toMatchObject({ code: 'AFFINITY_INVALID_TASK', details });
    }
    expect((await producer.queue.getQueueStats()).waiting).toBe(0);
    await producer.queue.add({ ...good, payload: 'x'.repeat(250 * 1024) });
    expect((await producer.queue.getQueueStats()).waiting).toBe(1);
  });
});

const badOptions: [unknown, string][] = [
  ['fast', 'INVALID_TASK_OPTION'],
  [[], 'INVALID_TASK_OPTION'],
  [{ priority: 1 }, 'UNSUPPORTED_TASK_OPTION'],
  [{ lifo: true }, 'UNSUPPORTED_TASK_OPTION'],
  [{ lifo: false }, 'UNSUPPORTED_TASK_OPTION'],
  [{ repeat: { every: 1_000 } }, 'UNSUPPORTED_TASK_OPTION'],
  [{ parent: { id: 'x', queue: 'y' } }, 'UNSUPPORTED_TASK_OPTION'],
  [{ sizeLimit: 5 }, 'UNSUPPORTED_TASK_OPTION'],
  [{ unheardOf: 1 }, 'UNSUPPORTED_TASK_OPTION'],
  [JSON.parse('{"__proto__":{"attempts":1}}'), 'UNSUPPORTED_TASK_OPTION'],
  [{ constructor: 1 }, 'UNSUPPORTED_TASK_OPTION'],
  [{ delay: -1 }, 'INVALID_TASK_OPTION'],
  [{ delay: 1.5 }, 'INVALID_TASK_OPTION'],
  [{ delay: '100' }, 'INVALID_TASK_OPTION'],
  [{ delay: Number.NaN }, 'INVALID_TASK_OPTION'],
  [{ delay: 1e15 }, 'INVALID_TASK_OPTION'],
  [{ attempts: 0 }, 'INVALID_TASK_OPTION'],
  [{ attempts: 2.5 }, 'INVALID_TASK_OPTION'],
  [{ attempts: null }, 'INVALID_TASK_OPTION'],
  [{ backoff: -1 }, 'INVALID_TASK_OPTION'],
  [{ backoff: { type: 'unheard-of', delay: 5 } }, 'INVALID_TASK_OPTION'],
  [{ backoff: { type: 'exponential' } }, 'INVALID_TASK_OPTION'],
  [{ backoff: { type: 'fixed', delay: 5, jitter: 2 } }, 'INVALID_TASK_OPTION'],
  [{ retryOrder: 'later' }, 'INVALID_TASK_OPTION'],
  [{ deduplication: { id: '' } }, 'INVALID_TASK_OPTION'],
  [{ deduplication: { id: 'x', ttl: -1 } }, 'INVALID_TASK_OPTION'],
  [{ deduplication: 'x' }, 'INVALID_TASK_OPTION'],
  [{ removeOnComplete: -1 }, 'INVALID_TASK_OPTION'],
  [{ removeOnComplete: { counts: 5 } }, 'INVALID_TASK_OPTION'],
  [{ removeOnFail: 'yes' }, 'INVALID_TASK_OPTION'],
  ...[
    '',
    ':',
    'a:b',
    'a:b:c',
    '17',
    '-3',
    '0',
    'meta',
    'wait',
    'id',
    'events',
    'marker',
    'active',
    'aff',
  ].map((jobId): [unknown, string] => [{ jobId }, 'RESERVED_JOB_ID']),
  [{ jobId: 17 }, 'RESERVED_JOB_ID'],
  [{ jobId: 'x'.repeat(257) }, 'RESERVED_JOB_ID'],
  [{ jobId: '\uDC00' }, 'RESERVED_JOB_ID'],
];

describe('add and addBulk refuse the options', () => {
  it.each(badOptions)('%j', async (options, code) => {
    const adding = queue.add(good, options as any);
    await expect(adding).rejects.toBeInstanceOf(AffinityQueueError);
    await expect(adding).rejects.toMatchObject({ code: `AFFINITY_${code}` });
    const bulk = queue.addBulk([good, { ...good, options: options as any }]);
    await expect(bulk).rejects.toMatchObject({ code: `AFFINITY_${code}` });
  });
});

describe('addBulk', () => {
  it.each([[undefined], [null], ['note'], [{ 0: good, length: 1 }]])('refuses %j as a list', async (list) => {
    await expect(queue.addBulk(list as any)).rejects.toMatchObject({ code: 'AFFINITY_INVALID_ARGUMENT' });
  });

  it('of nothing adds nothing', async () => {
    expect(await queue.addBulk([])).toEqual([]);
  });
});

describe('after close', () => {
  it('every method says so', async () => {
    const closed = await startInstance({ name: uniqueName(), role: 'PRODUCER' });
    await closed.close();
    const calls = [
      closed.queue.add(good),
      closed.queue.addBulk([good]),
      closed.queue.getJob('x'),
      closed.queue.waitUntilFinished('x'),
      closed.queue.getQueueStats(),
      closed.queue.getTagStats('t'),
      closed.queue.pauseTag('t'),
      closed.queue.resumeTag('t'),
      closed.queue.purgeTag('t'),
      closed.queue.remove('x'),
      closed.queue.cancel('x'),
      closed.queue.retryFailed(),
      closed.queue.pause(),
      closed.queue.resume(),
      closed.queue.getWorkers(),
      closed.election.getLeader(),
      closed.workers.start(),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'AFFINITY_QUEUE_CLOSED' } });
    }
    expect(() => {
      closed.election.start();
    }).toThrow(QueueClosedError);
    await Promise.all([closed.workers.stop(), closed.election.stop(), closed.election.resign()]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { RegisteredWorker } from '../../bullmq/registered-workers.js';
import { decodeExplainReply } from './explain-reply.js';
import { explainTask } from './explain-task.js';

const now = 1_800_000_000_000;
const sound = {
  name: 'note',
  tag: 't',
  lock: 'n:1',
  limit: 1,
  workers: 2,
  idle: 0,
  tagsBefore: 0,
  now,
};

function explain(
  fields: object,
  { owners = [] as unknown[][], workers = [] as Partial<RegisteredWorker>[] } = {},
) {
  const flat = Object.entries({ ...sound, ...fields }).flatMap(([name, value]) => [name, String(value)]);
  return explainTask('1', decodeExplainReply([flat, owners]), workers as RegisteredWorker[]);
}

const able = { workerId: 'w1', types: ['note'], lastHeartbeat: now - 5 };
const unable = { workerId: 'w2', types: ['other'] };
const owner = ['w1', 't', '3', '1', '', '9', 2];

describe('a task in its tag', () => {
  const indexed = { place: 'indexed', position: 3 };

  it.each([
    [{ queuePaused: 1, tagPaused: 1 }, 'queue-paused', {}],
    [{ tagPaused: 1, parkedUntil: now + 5 }, 'tag-paused', { tasksBefore: 2 }],
    [{ parkedUntil: now + 5 }, 'tag-parked', { until: now + 5, failedReason: null, tasksBefore: 2 }],
    [{ parkedUntil: now + 5, failedReason: 'no' }, 'tag-parked', { failedReason: 'no' }],
    [{ workers: 0 }, 'no-workers', {}],
    [{ deferred: 'malformed task: no tag' }, 'marked-failed', { failedReason: 'malformed task: no tag' }],
    [{ concurrency: 2, tagsBefore: 4 }, 'concurrency-limit', { limit: 2, tagsBefore: 4 }],
    [{ concurrency: 3, tagsBefore: 4 }, 'workers-busy', { workers: 2, tagsBefore: 4, tasksBefore: 2 }],
    [{ idle: 1 }, 'being-bound', { tagsBefore: 0, tasksBefore: 2 }],
    [{ position: 0, tagLength: 12_000 }, 'workers-busy', { tasksBefore: 12_000 }],
  ] as const)('%j: %s', (fields, reason, details) => {
    expect(explain({ ...indexed, ...fields })).toMatchObject({ state: 'waiting', reason, details });
  });

  it('without a leader', () => {
    const flat = Object.entries({ ...sound, place: 'indexed' })
      .filter(([name]) => name !== 'lock')
      .flatMap(([name, value]) => [name, String(value)]);
    expect(explainTask('1', decodeExplainReply([flat, []]), []).reason).toBe('no-leader');
  });

  it('that has its worker: behind the batch of it', () => {
    expect(explain(indexed, { owners: [owner], workers: [able] })).toMatchObject({
      reason: 'tag-bound',
      details: { workerIds: ['w1'], tasksBefore: 2 + 2 + 1, batchSize: 3 },
    });
    expect(explain({ ...indexed, limit: 2 }, { owners: [owner] }).reason).toBe('workers-busy');
  });

  it('whose type nobody has a handler for', () => {
    expect(explain(indexed, { workers: [unable] })).toMatchObject({
      reason: 'no-handler',
      details: { type: 'note', workerIds: [], registeredTypes: ['other'] },
    });
    expect(explain(indexed, { workers: [unable, able] }).reason).toBe('workers-busy');
    // One that does not say what it has may have it.
    expect(explain(indexed, { workers: [unable, { workerId: 'w3' }] }).reason).toBe('workers-busy');
    expect(explain(indexed, { workers: [{ workerId: 'w4', types: [] }] }).reason).toBe('no-handler');
  });
});

describe('a task in a batch', () => {
  it('says its place, and what runs', () => {
    const found = explain(
      { place: 'dispatched', position: 2, worker: 'w1' },
      { owners: [owner], workers: [able] },
    );
    expect(found).toMatchObject({
      reason: 'in-batch',
      details: { workerId: 'w1', position: 2, running: '9', lastHeartbeat: now - 5 },
      text: { en: 'Number 2 in the batch of worker w1, which runs task "9"' },
    });
  });

  it('of a worker without its handler', () => {
    const found = explain({ place: 'dispatched', position: 1, worker: 'w2' }, { workers: [able, unable] });
    expect(found).toMatchObject({ reason: 'no-handler', details: { workerIds: ['w2'] } });
  });

  it('that may not start yet', () => {
    expect(explain({ place: 'dispatched', worker: 'w1', limitedMs: 500 })).toMatchObject({
      reason: 'rate-limited',
      details: { until: now + 500 },
    });
  });

  it('that comes after this one', () => {
    const ahead = ['w1', 'other', '3', '1', 't', '9', 2];
    expect(explain({ place: 'ahead', position: 4, worker: 'w1' }, { owners: [ahead] })).toMatchObject({
      reason: 'in-next-batch',
      details: { position: 4, currentTag: 'other', lastHeartbeat: null },
    });
  });
});

describe('a delayed task', () => {
  const score = (now + 60_000) * 4_096 + 7;

  it('says until when', () => {
    expect(explain({ place: 'delayed', score, failedReason: 'no' })).toMatchObject({
      state: 'delayed',
      reason: 'delayed',
      details: { until: now + 60_000, failedReason: 'no' },
    });
  });

  it('that is overdue says what holds it up', () => {
    const overdue = { place: 'delayed', score: (now - 60_000) * 4_096 };
    expect(explain({ ...overdue, queuePaused: 1 }).reason).toBe('queue-paused');
    expect(explain(overdue).reason).toBe('delayed');
  });
});

it('a text that was cut within a character ends before it', () => {
  const { details } = explain({ place: 'failed', failedReason: 'ab\ufffd', made: 3, finishedOn: 5 });
  expect(details).toEqual({ finishedAt: 5, attemptsMade: 3, failedReason: 'ab' });
});

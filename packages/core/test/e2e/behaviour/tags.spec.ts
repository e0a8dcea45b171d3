import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance } from '../../support/calm.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/** Characters that mean something to Redis, Lua, JSON or JavaScript, and names that keys or objects have. */
const oddTags = [
  ':',
  'a:b:c',
  '{',
  '}',
  '{tag}',
  '*',
  '?',
  '[ab]*',
  '\\',
  '\\"',
  '"',
  "'",
  '%d %s %1',
  ' ',
  ' a  b ',
  '\t\r\n',
  '\u0000',
  'a\u0000b',
  '\u2028',
  '🎉',
  '👩‍👩‍👧‍👦',
  'é',
  'e\u0301', // looks the same, and is another tag
  '公司-123',
  '\uFFFD',
  '__proto__',
  'constructor',
  'toString',
  'meta',
  'wait',
  'null',
  'undefined',
  '0',
  '-1',
  '1e400',
  '"}',
  '","type":"other',
  'A'.repeat(512),
  '公'.repeat(170),
];

describe('tags', () => {
  it('may hold any characters, from end to end', async () => {
    const { queue, recorder } = await startStage({ workerOptions: { workerCount: 3, maxBatchSize: 2 } });
    const bound: string[] = [];
    const subscription = queue.events$.subscribe((event) => {
      if (event.type === 'released') bound.push(event.identifyTag);
    });
    const jobs = await queue.addBulk(upTo(3).flatMap((n) => oddTags.map((tag) => task(tag, n))));
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(new Set(recorder.tags)).toEqual(new Set(oddTags));
    for (const tag of oddTags) {
      expect(recorder.payloads(tag)).toEqual([0, 1, 2]);
      expect(await queue.getTagStats(tag)).toMatchObject({ identifyTag: tag, waiting: 0, boundTo: [] });
    }
    expect(recorder.overlaps).toEqual([]);
    expect((await queue.getJob(jobs[0]!.id!))!.data.identifyTag).toBe(oddTags[0]);
    await until('all releases are told', () => new Set(bound).size === oddTags.length);
    expect(new Set(bound)).toEqual(new Set(oddTags));
    subscription.unsubscribe();
  });

  it('of any characters can be paused, looked at, purged, and resumed', async () => {
    const { queue, recorder } = await startStage();
    for (const tag of oddTags) await queue.pauseTag(tag);
    const jobs = await queue.addBulk(upTo(2).flatMap((n) => oddTags.map((tag) => task(tag, n))));
    await until('all are indexed', async () => (await queue.getTagStats(oddTags.at(-1)!)).waiting === 2);
    const purged = oddTags.filter((_, i) => i % 2 === 0);
    const kept = oddTags.filter((_, i) => i % 2 === 1);
    for (const tag of oddTags) {
      expect(await queue.getTagStats(tag)).toMatchObject({ waiting: 2, paused: true });
      if (purged.includes(tag)) expect(await queue.purgeTag(tag)).toBe(2);
    }
    expect(recorder.runs).toEqual([]);
    for (const tag of oddTags) await queue.resumeTag(tag);
    const left = jobs.filter((job) => kept.includes(job.data.identifyTag));
    await Promise.all(left.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(new Set(recorder.tags)).toEqual(new Set(kept));
    expect(recorder.runs).toHaveLength(2 * kept.length);
  });

  it('may be as long as maxTagBytes says, in bytes', async () => {
    const { queue, recorder } = await startStage({ queueOptions: { maxTagBytes: 6 } });
    await queue.waitUntilFinished(await queue.add(task('公司')), 5_000);
    await expect(queue.add(task('公司.'))).rejects.toMatchObject({ code: 'AFFINITY_INVALID_TASK' });
    expect(recorder.tags).toEqual(['公司']);
  });
});

describe('payloads', () => {
  async function echo(payload: unknown, queueOptions = {}) {
    const recorder = new Recorder();
    const { queue } = await startInstance({ name: uniqueName(), queueOptions }, (workers) => {
      workers.registerHandler(
        'note',
        recorder.handler((received) => received),
      );
    });
    const job = await queue.add({ type: 'note', identifyTag: 't', payload });
    const result = await queue.waitUntilFinished(job, 5_000);
    return { received: recorder.payloads()[0], result, stored: (await queue.getJob(job.id!))!.data.payload };
  }

  it('with __proto__ in them arrive as they are and change nothing else', async () => {
    const json =
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"list":[{"__proto__":{"polluted":true}}]}';
    const { received, result, stored } = await echo(JSON.parse(json));
    for (const value of [received, result, stored]) expect(JSON.stringify(value)).toBe(json);
    expect(({} as any).polluted).toBeUndefined();
    expect(([] as any).polluted).toBeUndefined();
    expect(Object.keys(received)).toContain('__proto__');
  });

  it.each([
    ['undefined, as null', undefined, null],
    ['null', null, null],
    ['false', false, false],
    ['zero', 0, 0],
    ['an empty text', '', ''],
    ['an empty list', [], []],
    ['an empty object', {}, {}],
    ['a date, as its JSON', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['holes and undefined, as JSON has them', { a: undefined, b: [undefined, 1] }, { b: [null, 1] }],
    ['numbers as they are', [0.1, -0.5, 1e21, 2 ** 53], [0.1, -0.5, 1e21, 2 ** 53]],
    ['text with half an emoji', { t: '\uD83D!' }, { t: '\uD83D!' }],
    ['text like our own data', '{"identifyTag":"other"}', '{"identifyTag":"other"}'],
    ['a tag of its own', { identifyTag: 'other', type: 'other' }, { identifyTag: 'other', type: 'other' }],
  ])('arrive: %s', async (_what, payload, expected) => {
    const { received, result, stored } = await echo(payload);
    expect(received).toEqual(expected);
    expect(result).toEqual(expected);
    expect(stored).toEqual(expected);
  });

  it('nested more deeply than Lua can decode', async () => {
    let payload: unknown = 'core';
    for (let depth = 0; depth < 1_500; depth += 1) payload = [payload];
    const { received } = await echo(payload);
    expect(JSON.stringify(received)).toBe(JSON.stringify(payload));
  });

  it('may be as large as maxPayloadBytes says, as JSON', async () => {
    const text = 'x'.repeat(300_000 - 2);
    const { received } = await echo(text, { maxPayloadBytes: 300_000, maxResultBytes: 300_000 });
    expect(received).toBe(text);
  });

  it('may be as large beside a type and a tag that take most room in JSON', async () => {
    const limits = { maxPayloadBytes: 2_000, maxTagBytes: 600 };
    const recorder = new Recorder();
    const name = uniqueName();
    const type = '\u0001'.repeat(512);
    const { queue } = await startInstance({ name, queueOptions: limits }, (workers) => {
      workers.registerHandler(type, recorder.handler());
    });
    const payload = 'x'.repeat(limits.maxPayloadBytes - 2);
    const largest = { type, identifyTag: '\u0001'.repeat(limits.maxTagBytes), payload };
    await queue.waitUntilFinished(await queue.add(largest, { attempts: 1 }), 5_000);
    expect(recorder.payloads(largest.identifyTag)).toEqual([payload]);
  });
});

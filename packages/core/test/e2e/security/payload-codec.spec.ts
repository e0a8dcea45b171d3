import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FlowProducer, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { createAesGcmCodec, encodedTaskData, type PayloadCodec } from '../../../src/codec/index.js';
import type { QueueModuleOptions, TaskContext } from '../../../src/index.js';
import { AffinityQueueTesting, AffinityQueueTestingModule } from '../../../src/testing/index.js';
import { QueueService, WorkerService } from '../../../src/index.js';
import { Test } from '@nestjs/testing';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { connect, uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const codec = createAesGcmCodec({ keys: { old: oldKey }, currentKeyId: 'old' });
/** In every payload; nothing of it may be in Redis. */
const marker = 'payload-marker-4711';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
afterEach(closeAll);
afterAll(() => {
  redis.disconnect();
});

/** Everything that Redis holds of a queue, whatever the type of the key. */
async function contents(name: string): Promise<string> {
  const keys = await redis.keys(`*${name}*`);
  const values = await Promise.all(
    keys.map(async (key) => {
      switch (await redis.type(key)) {
        case 'hash':
          return redis.hgetall(key);
        case 'list':
          return redis.lrange(key, 0, -1);
        case 'zset':
          return redis.zrange(key, '0', '-1');
        case 'set':
          return redis.smembers(key);
        case 'stream':
          return redis.xrange(key, '-', '+');
        default:
          return redis.get(key);
      }
    }),
  );
  return JSON.stringify([keys, values]);
}

async function start(
  handlers: Record<string, (payload: any, context: TaskContext) => unknown>,
  options: QueueModuleOptions & { name?: string; payloadCodec?: PayloadCodec | undefined } = {},
) {
  const { name = uniqueName('codec'), queueOptions, ...rest } = options;
  const payloadCodec = 'payloadCodec' in options ? options.payloadCodec : codec;
  delete (rest as { payloadCodec?: unknown }).payloadCodec;
  const instance = await startInstance(
    { name, ...rest, queueOptions: { ...queueOptions, ...(payloadCodec && { payloadCodec }) } },
    (workers) => {
      for (const [type, handler] of Object.entries(handlers)) workers.registerHandler(type, handler);
    },
  );
  return { ...instance, name };
}

const task = (type: string, payload: unknown = { text: marker }, identifyTag = 'tenant') => ({
  type,
  identifyTag,
  payload,
});

/** The library's own record of a failed task. */
const failure = async (job: Job | undefined) => ({
  attemptsMade: job?.attemptsMade,
  reason: job?.failedReason ?? '',
});

describe('with a payload codec', () => {
  it('handlers get the payload, and Redis never has it: added in every way, retried, changed, delayed', async () => {
    const seen: unknown[] = [];
    const jobData: unknown[] = [];
    const held = gate();
    const { queue, name } = await start({
      note: (payload, { job }) => {
        seen.push(payload);
        jobData.push(job.data);
      },
      hold: () => held.promise,
      again: (payload, { attempt }) => {
        if (attempt < 3) throw new Error('not yet');
        seen.push(payload);
      },
      changes: async (payload, { job, attempt }) => {
        seen.push(payload);
        if (attempt > 1) return;
        await job.updateData({ ...job.data, payload: { text: `${payload.text} changed` } });
        throw new Error('once more');
      },
      later: async (payload, { job, attempt }) => {
        seen.push(payload);
        if (attempt === 1) await job.moveToDelayed(Date.now() + 10, job.token);
      },
    });
    const payload = { text: marker };
    const added = await queue.add(task('note', payload), { jobId: 'by-hand' });
    expect(added.data).toEqual({ identifyTag: 'tenant', type: 'note', payload });
    const [bulk] = await queue.addBulk([{ ...task('note'), options: { attempts: 1 } }]);
    const delayed = await queue.add(task('note'), { delay: 20 });
    const deduplication = { id: 'once', keepLastIfActive: true };
    const first = await queue.add(task('hold', payload, 'other'), { deduplication });
    await until('it runs', () => first.isActive());
    await queue.add(task('note', payload, 'other'), { deduplication, jobId: 'kept' });
    const again = await queue.add(task('again'), { attempts: 3, backoff: 1 });
    const skipped = await queue.add(task('again'), { attempts: 3, backoff: 1, retryOrder: 'skip' });
    const changes = await queue.add(task('changes'), { attempts: 2, backoff: 1 });
    const later = await queue.add(task('later'));
    // Through BullMQ's own queue, with an id and without.
    const byBullMQ = await queue.queue.add('note', task('note'));
    const [inBulk] = await queue.queue.addBulk([{ name: 'note', data: task('note'), opts: { delay: 10 } }]);
    expect(await contents(name)).not.toContain(marker);
    held.open();
    for (const job of [added, bulk, delayed, first, again, skipped, changes, later, byBullMQ, inBulk]) {
      await queue.waitUntilFinished(job!, 10_000);
    }
    await until('the kept one is there', () => queue.getJob('kept'));
    await queue.waitUntilFinished('kept', 10_000);

    const changed = { text: `${marker} changed` };
    expect(seen.filter((given: any) => given.text === changed.text)).toEqual([changed]);
    expect(seen).toHaveLength(12);
    for (const given of seen) expect([payload, changed]).toContainEqual(given);
    for (const data of jobData)
      expect(data).toEqual({ identifyTag: expect.any(String), type: 'note', payload });
    const text = await contents(name);
    expect(text).not.toContain(marker);
    expect(text).toContain('v1.old.'); // what is grepped has the payloads
    // Whoever reads jobs sees them as they are stored.
    const stored = (await queue.getJob('by-hand'))!;
    expect(stored.data).toMatchObject({ payloadEncoded: true, payload: expect.stringMatching(/^v1\.old\./) });
    // And may change them from outside.
    await queue.pauseTag('paused');
    const paused = await queue.add(task('note', payload, 'paused'));
    await (await queue.getJob(paused.id!))!.updateData(task('note', { text: marker, n: 2 }, 'paused'));
    expect(await contents(name)).not.toContain(marker);
    await queue.resumeTag('paused');
    await queue.waitUntilFinished(paused, 10_000);
    expect(seen.at(-1)).toEqual({ text: marker, n: 2 });
  });

  it('job schedulers and flows keep their payloads encoded', async () => {
    const seen: [string, unknown][] = [];
    const { queue, name } = await start({
      tick: (payload, { job }) => void seen.push([job.id!, payload]),
      child: (payload, { job }) => void seen.push([job.id!, payload]),
      parent: (payload, { job }) => void seen.push([job.id!, payload]),
    });
    await queue.queue.upsertJobScheduler('often', { every: 50 }, { name: 'tick', data: task('tick') });
    await until('it has run three times', () => seen.length >= 3);
    await queue.queue.removeJobScheduler('often');
    expect(
      seen.every(([id, payload]: any) => id.startsWith('repeat:often:') && payload.text === marker),
    ).toBe(true);

    await queue.schedule(
      'steady',
      { every: 50 },
      { type: 'tick', identifyTag: 't', payload: { text: marker } },
    );
    const steady = (): unknown[] => seen.filter(([id]) => id.startsWith('repeat:steady:'));
    await until('a schedule has run twice', () => steady().length >= 2);
    expect((await queue.getSchedule('steady'))!.task.payload).not.toEqual({ text: marker });
    await queue.unschedule('steady');
    expect(steady()).toEqual(steady().map(() => [expect.any(String), { text: marker }]));

    const flows = new FlowProducer({ connection: openRedis() });
    const node = (type: string, jobId: string) => ({
      name: type,
      queueName: `${name}-pending`,
      data: encodedTaskData(codec, jobId, task(type)),
      opts: { jobId },
    });
    await flows.add({ ...node('parent', 'p'), children: [node('child', 'c1'), node('child', 'c2')] });
    await until('the parent has run', () => seen.some(([id]) => id === 'p'));
    await flows.close();
    const family = seen.filter(([id]) => ['p', 'c1', 'c2'].includes(id));
    expect(family).toEqual(family.map(([id]) => [id, { text: marker }]));
    expect(family).toHaveLength(3);
    expect(await contents(name)).not.toContain(marker);
  });

  it('a schedule that is said again keeps its overdue task in its place, under the key of now', async () => {
    const seen: unknown[] = [];
    const { queue, name } = await start({
      note: (payload, { job }) => void seen.push([job.repeatJobKey ?? 'added', payload]),
    });
    const rotated = await start(
      {},
      {
        name,
        role: 'PRODUCER',
        payloadCodec: createAesGcmCodec({ keys: { old: oldKey, new: newKey }, currentKeyId: 'new' }),
      },
    );
    const waiting = (count: number) => async () => (await queue.getTagStats('tenant')).waiting === count;
    const timing = { every: 3_600_000 };
    await queue.pauseTag('tenant');
    const { nextJobId } = await queue.schedule('hourly', timing, task('note'));
    await until('it waits for its tag', waiting(1));
    await queue.add(task('note'));
    await until('another one waits behind it', waiting(2));

    for (const [producer, key] of [
      [queue, 'old'],
      [rotated.queue, 'new'],
    ] as const) {
      expect(await producer.schedule('hourly', timing, task('note'))).toMatchObject({ nextJobId, runs: 0 });
      expect((await queue.queue.getWaiting())[0]!.id).toBe(nextJobId);
      expect((await queue.getJob(nextJobId!))!.data.payload).toMatch(`v1.${key}.`);
      expect((await queue.getSchedule('hourly'))!.task.payload).toMatch(`v1.${key}.`);
    }
    await queue.schedule('hourly', timing, task('note'));
    await queue.resumeTag('tenant');
    await until('both have run', () => seen.length === 2);
    expect(seen).toEqual([
      ['hourly', { text: marker }],
      ['added', { text: marker }],
    ]);
  });

  it('tags, explanations and numbers are there as ever', async () => {
    const { queue } = await start({ note: () => 'fine' });
    await queue.pauseTag('tenant');
    const job = await queue.add(task('note'));
    await until('it is indexed', async () => (await queue.getTagStats('tenant')).waiting === 1);
    expect(await queue.getTags()).toMatchObject([{ identifyTag: 'tenant', waiting: 1 }]);
    expect(await queue.explain(job.id!)).toMatchObject({ reason: 'tag-paused' });
    await queue.resumeTag('tenant');
    expect(await queue.waitUntilFinished(job, 10_000)).toBe('fine');
    const failing = await queue.add(task('nobody knows'), { attempts: 1 });
    await expect(queue.waitUntilFinished(failing, 10_000)).rejects.toThrow('No handler');
    expect(await queue.retryFailed({ type: 'nobody knows' })).toBe(1);
  });

  it('maxPayloadBytes counts what is stored', async () => {
    const { queue } = await start({}, { role: 'PRODUCER', queueOptions: { maxPayloadBytes: 200 } });
    await queue.add(task('note', 'x'.repeat(90)));
    await expect(queue.add(task('note', 'x'.repeat(150)))).rejects.toThrow(
      /bytes when it is encoded, more than the 200/,
    );
  });
});

describe('a payload that cannot be decoded', () => {
  it('fails its task for good, with the reason; the handler is not called and others go on', async () => {
    const seen: unknown[] = [];
    const { queue, name } = await start({ note: (payload) => void seen.push(payload) });
    await queue.pause();
    const key = (id: string) => `bull:${name}-pending:${id}`;
    for (const id of ['swapped', 'donor', 'damaged', 'retagged', 'fine']) {
      await queue.add(task('note', id, id === 'retagged' ? 'a' : 'tenant'), { jobId: id, attempts: 5 });
    }
    await redis.hset(key('swapped'), 'data', (await redis.hget(key('donor'), 'data'))!);
    const damaged = JSON.parse((await redis.hget(key('damaged'), 'data'))!);
    await redis.hset(
      key('damaged'),
      'data',
      JSON.stringify({ ...damaged, payload: `${damaged.payload}AAAA` }),
    );
    const retagged = JSON.parse((await redis.hget(key('retagged'), 'data'))!);
    await redis.hset(key('retagged'), 'data', JSON.stringify({ ...retagged, identifyTag: 'tenant' }));
    // A clear one that somebody puts in.
    const clear = { identifyTag: 'tenant', type: 'note', payload: 'forged' };
    await redis.hset(key('donor'), 'data', JSON.stringify(clear));
    await queue.resume();
    await queue.waitUntilFinished('fine', 10_000);
    await until('all have ended', async () => (await queue.getQueueStats()).failed === 4);
    expect(seen).toEqual(['fine']);
    const changed = 'could not be decoded: it was changed, belongs to another task';
    for (const [id, reason] of [
      ['swapped', changed],
      ['damaged', changed],
      ['retagged', changed],
      ['donor', 'is not encoded, which the codec of this queue does not allow'],
    ] as const) {
      expect(await failure(await queue.getJob(id))).toEqual({
        attemptsMade: 1,
        reason: expect.stringContaining(`The payload of task '${id}' ${reason}`),
      });
    }
  });

  it('waits among the failed ones for an instance with the key; clear ones of before run where that is allowed', async () => {
    const name = uniqueName('codec');
    const seen: unknown[] = [];
    const note = (payload: unknown) => void seen.push(payload);
    // Tasks of before the codec, and one of after it on an instance that does not have it yet.
    const before = await start({ note }, { name, payloadCodec: undefined });
    await before.queue.pause();
    await before.queue.add(task('note', 'clear'), { jobId: 'clear' });
    const withCodec = await start({}, { name, role: 'PRODUCER' });
    await withCodec.queue.add(task('note', 'encoded'), { jobId: 'encoded' });
    await before.queue.pauseTag('later');
    await before.queue.add(task('note', 'clear, and later', 'later'), { jobId: 'later' });
    await before.queue.resume();
    await until('it has failed', async () => (await before.queue.getQueueStats()).failed === 1);
    expect((await before.queue.getJob('encoded'))!.failedReason).toContain(
      'has no queueOptions.payloadCodec',
    );
    await before.close();
    await withCodec.close();

    const rotated = createAesGcmCodec({
      keys: { old: oldKey, new: newKey },
      currentKeyId: 'new',
      allowClearPayloads: true,
    });
    const after = await start({ note }, { name, payloadCodec: rotated });
    expect(await after.queue.retryFailed()).toBe(1);
    await after.queue.waitUntilFinished('encoded', 10_000);
    await after.queue.queue.add('note', task('note', 'more'), { jobId: 'new' });
    await after.queue.waitUntilFinished('new', 10_000);
    await after.queue.resumeTag('later');
    await after.queue.waitUntilFinished('later', 10_000);
    expect(seen).toEqual(['clear', 'encoded', 'more', 'clear, and later']);
    expect((await after.queue.getJob('new'))!.data.payload).toMatch(/^v1\.new\./);
  });
});

describe('in memory', () => {
  it('the codec of the application is used as on Redis', async () => {
    const seen: unknown[] = [];
    const ran: (string | undefined)[] = [];
    const app = await Test.createTestingModule({
      imports: [AffinityQueueTestingModule.forRoot({ queueOptions: { payloadCodec: codec } })],
    }).compile();
    await app.init();
    const queue = app.get(QueueService);
    app.get(WorkerService).registerHandler('note', (payload: unknown, { job }) => {
      seen.push(payload, job.data.payload);
      ran.push(job.id);
    });
    const job = await queue.add(task('note'));
    expect(job.data.payload).toEqual({ text: marker });
    expect(JSON.stringify((await queue.getJob(job.id!))!.data)).not.toContain(marker);
    await app.get(AffinityQueueTesting).runUntilIdle();
    expect(seen).toEqual([{ text: marker }, { text: marker }]);

    await queue.schedule('steady', { every: 50, limit: 1 }, task('note'));
    await app.get(AffinityQueueTesting).runFor(100);
    expect(seen).toHaveLength(4);
    expect(seen[2]).toEqual({ text: marker });

    await queue.pauseTag('tenant');
    const said = () => queue.schedule('hourly', { every: 3_600_000 }, task('note'));
    const { nextJobId } = await said();
    await queue.add(task('note'));
    const before = (await queue.getJob(nextJobId!))!.data.payload;
    expect((await said()).nextJobId).toBe(nextJobId);
    expect((await queue.getJob(nextJobId!))!.data.payload).not.toBe(before);
    await queue.resumeTag('tenant');
    await app.get(AffinityQueueTesting).runUntilIdle();
    expect(ran.at(-2)).toBe(nextJobId);
    await app.close();
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue, QueueEvents, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { closeAll, openRedis } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { startStage, task, type Stage } from '../../support/stage.js';
import { gate, until } from '../../support/until.js';

let redis: Redis | undefined;
let foreign: Queue | undefined;

afterEach(async () => {
  await foreign?.close();
  await closeAll();
  foreign = redis = undefined;
});

/** A plain BullMQ queue of the same name, as another application has it that knows nothing of tags. */
function producerFor({ name }: Stage): Queue {
  redis = openRedis();
  foreign = new Queue(`${name}-pending`, { connection: redis });
  return foreign;
}

const settled = async ({ queue }: Stage): Promise<boolean> => {
  const { waiting, active, delayed } = await queue.getQueueStats();
  return waiting + active + delayed === 0;
};

describe('jobs of plain BullMQ producers', () => {
  it('run by tag and in order, together with our own', async () => {
    const stage = await startStage({ workerOptions: { workerCount: 2, maxBatchSize: 4 } });
    const { queue, recorder } = stage;
    const producer = producerFor(stage);
    await queue.pause();
    for (const n of upTo(20)) {
      if (n % 2 === 0) await producer.add('note', { identifyTag: `t${n % 3}`, payload: n });
      else await queue.add(task(`t${n % 3}`, n));
    }
    await queue.resume();
    await until('all have run', () => settled(stage));
    for (const t of upTo(3)) expect(recorder.payloads(`t${t}`)).toEqual(upTo(20).filter((n) => n % 3 === t));
    expect(recorder.overlaps).toEqual([]);
    expect(await producer.getJobCounts('completed', 'failed')).toEqual({ completed: 20, failed: 0 });
    // BullMQ's own numbers are ids like any other.
    expect((await queue.getJob('1'))!.data.payload).toBe(0);
    expect(await queue.waitUntilFinished('1', 1_000)).toBe(0);
  });

  it('tell the type by their name, or in their data, in any order and spelling of JSON', async () => {
    const stage = await startStage();
    const { recorder } = stage;
    const producer = producerFor(stage);
    await producer.add('note', { identifyTag: 't', payload: 'by name' });
    await producer.add('whatever', { payload: 'by type', type: 'note', identifyTag: 't' });
    await producer.add('note', { identifyTag: 't' });
    await producer.add('note', { extra: { identifyTag: 'no' }, payload: 'tag last', identifyTag: 't' });
    const odd = await producer.add('note', { identifyTag: 'x' }, { delay: 600_000 });
    await redis!.hset(
      `${producer.qualifiedName}:${odd.id}`,
      'data',
      '\n{ "payload" : "odd \\u0053pelling", "identify\\u0054ag":"\\u0074" }',
    );
    await odd.promote();
    await until('all have run', () => settled(stage));
    expect(recorder.payloads('t')).toEqual(['by name', 'by type', null, 'tag last', 'odd Spelling']);
  });

  it('with a priority or lifo run too, each once', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const producer = producerFor(stage);
    await queue.pause();
    await producer.addBulk(
      upTo(30).map((n) => ({
        name: 'note',
        data: { identifyTag: `t${n % 4}`, payload: n },
        opts: n % 3 === 0 ? { priority: 1 + n } : n % 3 === 1 ? { lifo: true } : {},
      })),
    );
    await queue.resume();
    await until('all have run', () => settled(stage));
    expect(recorder.payloads().sort((a, b) => a - b)).toEqual(upTo(30));
    expect(recorder.overlaps).toEqual([]);
  });

  it('keep their options: attempts, back-off, delay', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const producer = producerFor(stage);
    const data = { identifyTag: 't', payload: 'fail' };
    const once = await producer.add('note', data);
    const thrice = await producer.add('note', { ...data, identifyTag: 'u' }, { attempts: 3, backoff: 5 });
    const later = await producer.add('note', { identifyTag: 'v', payload: 'late' }, { delay: 40 });
    await until('all are done', () => settled(stage));
    expect(recorder.payloads('t')).toEqual(['fail']);
    expect(recorder.payloads('u')).toEqual(['fail', 'fail', 'fail']);
    expect(recorder.payloads('v')).toEqual(['late']);
    expect(await once.getState()).toBe('failed');
    expect(await thrice.getState()).toBe('failed');
    expect(await queue.waitUntilFinished(later.id!, 1_000)).toBe('late');
  });

  it('can be waited for with BullMQ', async () => {
    const stage = await startStage();
    const producer = producerFor(stage);
    const events = new QueueEvents(producer.name, { connection: openRedis() });
    await events.waitUntilReady();
    const job = await producer.add('note', { identifyTag: 't', payload: { n: 1 } });
    expect(await job.waitUntilFinished(events, 5_000)).toEqual({ n: 1 });
    expect(await job.isCompleted()).toBe(true);
    await events.close();
  });
});

describe('a task that a plain BullMQ worker has taken', () => {
  it('cannot be cancelled or removed', async () => {
    const stage = await startStage();
    const { queue, scheduler, recorder } = stage;
    scheduler.stop();
    const held = gate();
    // Such a worker knows only what lies in BullMQ's own list.
    const job = await queue.queue.add('note', { identifyTag: 't' });
    const worker = new Worker(`${stage.name}-pending`, () => held.promise, { connection: openRedis() });
    await until('it runs', async () => (await job.getState()) === 'active');
    expect(await queue.cancel(job.id!)).toBe('not-found');
    expect(await queue.remove(job.id!)).toBe(false);
    held.open();
    await until('it is done', async () => (await job.getState()) === 'completed');
    await worker.close();
    expect(recorder.runs).toEqual([]);
  });
});

describe('malformed jobs of plain BullMQ producers', () => {
  const malformed: [string, unknown, string][] = [
    ['a text', 'str', 'its data is not a JSON object'],
    ['a number', 5, 'its data is not a JSON object'],
    ['null', null, 'its data is not a JSON object'],
    ['true', true, 'its data is not a JSON object'],
    ['a list', [1], 'its data'],
    ['an empty list', [], 'its data'],
    ['nothing', undefined, 'its data'],
    ['no tag', { payload: 1 }, 'its data has no string "identifyTag"'],
    ['a tag that is no text', { identifyTag: 5 }, 'its data has no string "identifyTag"'],
    ['a tag that is an object', { identifyTag: { a: 1 } }, 'its data has no string "identifyTag"'],
    ['null as tag', { identifyTag: null }, 'its data has no string "identifyTag"'],
    ['an empty tag', { identifyTag: '' }, 'its identifyTag is empty'],
    ['an over-long tag', { identifyTag: 'x'.repeat(513) }, 'its identifyTag is longer than 512 bytes'],
    ['over-large data', { identifyTag: 't', payload: 'x'.repeat(20_000) }, 'its data is larger than'],
  ];

  it('fail with the reason, without further attempts, and hold nobody up', async () => {
    const stage = await startStage({ queueOptions: { maxPayloadBytes: 10_000 } });
    const { queue, recorder } = stage;
    const producer = producerFor(stage);
    const jobs = [];
    for (const [i, [, data]] of malformed.entries()) {
      await producer.add('note', { identifyTag: 'good', payload: i });
      jobs.push(await producer.add('note', data, { attempts: 3 }));
    }
    await until('all are done', () => settled(stage));
    expect(recorder.payloads()).toEqual(upTo(malformed.length));
    for (const [i, [what, , reason]] of malformed.entries()) {
      const job = await queue.getJob(jobs[i]!.id!);
      expect([what, job!.failedReason]).toEqual([what, expect.stringContaining(`malformed task: ${reason}`)]);
      expect(job!.attemptsMade).toBe(1);
      await expect(queue.waitUntilFinished(job!, 1_000)).rejects.toThrow('malformed task');
    }
    expect(await queue.getQueueStats()).toMatchObject({
      failed: malformed.length,
      completed: malformed.length,
    });
    // Tried again by hand they fail again.
    expect(await queue.retryFailed({ type: 'note', limit: 5 })).toBe(5);
    await until(
      'they have failed again',
      async () => (await queue.getQueueStats()).failed === malformed.length,
    );
  });

  it('a type that is no text fails, after its attempts', async () => {
    const stage = await startStage();
    const producer = producerFor(stage);
    const job = await producer.add('note', { identifyTag: 't', type: 5 });
    await until('it is done', () => settled(stage));
    expect((await stage.queue.getJob(job.id!))!.failedReason).toContain('type must be a string');
  });

  it('data that is no JSON, ids without a job, and twice the same id lose nothing else', async () => {
    const stage = await startStage();
    const { queue, recorder, name } = stage;
    const producer = producerFor(stage);
    const base = `bull:${name}-pending:`;
    await queue.pause();
    const broken = await producer.add('note', { identifyTag: 't' });
    await redis!.hset(`${base}${broken.id}`, 'data', '{"identifyTag":"t","payload":');
    await redis!.lpush(`${base}wait`, 'nobody', 'meta', '');
    const twice = await producer.add('note', { identifyTag: 't', payload: 'once' });
    await redis!.lpush(`${base}wait`, twice.id!);
    const last = await queue.add(task('t', 'last'));
    await queue.resume();
    await queue.waitUntilFinished(last, 5_000);
    await until('all are done', () => settled(stage));
    expect(recorder.payloads()).toEqual(['once', 'last']);
    // BullMQ's own getJob cannot read such a job.
    expect(await redis!.hget(`${base}${broken.id}`, 'failedReason')).toContain(
      'Unexpected end of JSON input',
    );
    expect(await queue.getQueueStats()).toMatchObject({ failed: 1, completed: 2 });
    expect(await queue.retryFailed({ type: 'note' })).toBe(1);
    await until('it has failed again', async () => (await queue.getQueueStats()).failed === 1);
  });
});

describe('job schedulers on queueService.queue', () => {
  it('add their tasks again and again, by tag, until they are removed', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const data = { identifyTag: 't', type: 'note', payload: 'tick' };
    await queue.queue.upsertJobScheduler('every', { every: 40 }, { name: 'note', data });
    await until('it has run four times', () => recorder.runs.length >= 4);
    const gaps = recorder.runs.slice(1).map((run, i) => run.startedAt - recorder.runs[i]!.startedAt);
    expect(Math.max(...gaps)).toBeLessThan(900); // by the clock, not by schedulerInterval
    expect(await queue.queue.getJobSchedulersCount()).toBe(1);
    expect(await queue.queue.removeJobScheduler('every')).toBe(true);
    await until('what was added has run', () => settled(stage));
    const count = recorder.runs.length;
    await queue.waitUntilFinished(await queue.add(task('u', 'after'), { delay: 100 }), 5_000);
    expect(recorder.ofTag('t')).toHaveLength(count);
    expect(recorder.overlaps).toEqual([]);
  });

  it('keep their rhythm when a task fails, and stay in order with other tasks of the tag', async () => {
    const stage = await startStage();
    const { queue, recorder } = stage;
    const data = { identifyTag: 't', type: 'note', payload: 'fail' };
    await queue.queue.upsertJobScheduler(
      'every',
      { every: 30 },
      { name: 'note', data, opts: { attempts: 1 } },
    );
    const job = await queue.add(task('t', 'between'));
    await queue.waitUntilFinished(job, 5_000);
    await until(
      'it goes on',
      () => recorder.payloads('t').filter((payload) => payload === 'fail').length >= 3,
    );
    await queue.queue.removeJobScheduler('every');
    await until('what was added has run', () => settled(stage));
    expect(recorder.overlaps).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { QueueEvents, type Job, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { connect } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closePlainBenches, PlainBench } from './support/plain.js';
import { Bench, closeBenches } from './support/stage.js';

const hourMs = 3_600_000;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await Promise.all([closeBenches(), closePlainBenches()]);
});

/** What a task does, for both: `fail` fails, `fail-once` fails its first attempt, `slow` says how far it is. */
async function work(type: string, job: Job, payload: unknown): Promise<unknown> {
  if (type === 'fail' || (type === 'fail-once' && job.attemptsMade === 0)) throw new Error('broken');
  if (type === 'slow') await job.updateProgress({ done: 1 });
  return payload;
}
const types = ['echo', 'fail', 'fail-once', 'slow'];

interface Stage {
  readonly queue: Queue;
  add(type: string, opts?: object, tag?: string): Promise<Job>;
  /** Waits until nothing waits or runs any more. */
  idle(): Promise<void>;
}
type Scenario = (stage: Stage) => Promise<unknown>;

const own = new Set(['bound', 'released', 'retried', 'recovered', 'leaderChanged', 'leaderless']);
const compared = [
  'prev',
  'returnvalue',
  'failedReason',
  'attemptsMade',
  'data',
  'deduplicationId',
  'name',
  'count',
];

/** BullMQ's events of a queue, with the ids of jobs by their numbers of appearance. */
async function eventsOf(redis: Redis, stream: string): Promise<Record<string, string>[]> {
  const numbers = new Map<string, string>();
  const number = (id: string): string => {
    if (!numbers.has(id)) numbers.set(id, `#${numbers.size + 1}`);
    return numbers.get(id)!;
  };
  return (await redis.xrange(stream, '-', '+')).flatMap(([, flat]) => {
    const fields: Record<string, string> = {};
    for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
    if (own.has(fields.event!)) return [];
    const event: Record<string, string> = { event: fields.event! };
    for (const name of ['jobId', 'deduplicatedJobId']) if (fields[name]) event[name] = number(fields[name]);
    for (const name of compared) if (fields[name] !== undefined) event[name] = fields[name];
    return [event];
  });
}

async function onPlainBullMQ(scenario: Scenario): Promise<Record<string, string>[]> {
  const plain = new PlainBench((job) => work(job.name, job, (job.data as { payload: unknown }).payload));
  await scenario({
    queue: plain.queue,
    add: (type, opts, tag = 'tag') => plain.queue.add(type, { identifyTag: tag, type, payload: 7 }, opts),
    idle: () => plain.untilIdle(),
  });
  return eventsOf(plain.redis, plain.key('events'));
}

async function onOurs(scenario: Scenario): Promise<Record<string, string>[]> {
  const bench = await Bench.start({ workerOptions: { workerCount: 1 } }, (workers) => {
    for (const type of types.slice(1).filter((name) => name !== 'fail')) {
      workers.registerHandler(type, (payload, { job }) => work(type, job, payload));
    }
  });
  bench.holds.endAll();
  await scenario({
    queue: bench.queue,
    add: (type, opts, tag = 'tag') =>
      bench.queue.add(type, { identifyTag: tag, type, payload: type === 'fail' ? 'broken' : 7 }, opts),
    idle: () =>
      until(
        'nothing waits or runs',
        async () => (await bench.queue.getJobCountByTypes('active', 'waiting')) === 0,
      ).then(() => undefined),
  });
  return eventsOf(bench.redis, bench.key('events'));
}

describe('the event stream is that of BullMQ', () => {
  const scenarios: [string, Scenario][] = [
    ['a task that completes', ({ add, idle }) => add('echo').then(idle)],
    ['a task that says how far it is', ({ add, idle }) => add('slow').then(idle)],
    ['a task that fails', ({ add, idle }) => add('fail', { attempts: 1 }).then(idle)],
    ['a task that is not kept', ({ add, idle }) => add('echo', { removeOnComplete: true }).then(idle)],
    [
      'a delayed task',
      async ({ add, queue }) => {
        const job = await add('echo', { delay: 20 });
        await until('it is done', async () => (await queue.getJob(job.id!))?.finishedOn !== undefined);
      },
    ],
    [
      'a task that skips the line for its next attempt',
      async ({ add, queue }) => {
        const job = await add('fail-once', { attempts: 2, backoff: 10, retryOrder: 'skip' });
        await until('it is done', async () => (await queue.getJob(job.id!))?.finishedOn !== undefined);
      },
    ],
    [
      'several tasks, whose end is told once',
      async ({ add, idle, queue }) => {
        await queue.pause();
        for (let n = 0; n < 3; n += 1) await add('echo');
        await queue.resume();
        await idle();
      },
    ],
    [
      'a promoted task',
      async ({ add, idle }) => {
        const job = await add('echo', { delay: hourMs });
        await job.promote();
        await idle();
      },
    ],
    [
      'another delay',
      async ({ add }) => {
        const job = await add('echo', { delay: hourMs });
        await job.changeDelay(2 * hourMs);
      },
    ],
    [
      'a removed delayed task',
      async ({ add }) => {
        const job = await add('echo', { delay: hourMs });
        await job.remove();
      },
    ],
    [
      'a retried task',
      async ({ add, idle, queue }) => {
        const job = await add('fail', { attempts: 1 });
        await until('it has failed', async () => (await queue.getFailedCount()) === 1);
        await job.retry();
        await idle();
      },
    ],
    [
      'a task that is added twice',
      async ({ add, idle }) => {
        await add('echo', { jobId: 'mine' });
        await idle();
        await add('echo', { jobId: 'mine' });
      },
    ],
    [
      'a deduplicated task',
      async ({ add, idle, queue }) => {
        await queue.pause();
        await add('echo', { deduplication: { id: 'one' } });
        await add('echo', { deduplication: { id: 'one' } });
        await queue.resume();
        await idle();
      },
    ],
    [
      'a pause',
      async ({ queue }) => {
        await queue.pause();
        await queue.resume();
      },
    ],
    [
      'what is cleaned',
      async ({ add, idle, queue }) => {
        await add('echo');
        await idle();
        await until('it is kept', async () => (await queue.getCompletedCount()) === 1);
        await queue.clean(0, 10, 'completed');
      },
    ],
  ];

  it.each(scenarios)('%s', async (_name, scenario) => {
    const expected = await onPlainBullMQ(scenario);
    expect(expected.length).toBeGreaterThan(1);
    expect(await onOurs(scenario)).toEqual(expected);
  });

  it('but a failed attempt that keeps the order goes back at once, and its tag waits', async () => {
    const scenario: Scenario = async ({ add, queue }) => {
      const job = await add('fail-once', { attempts: 2, backoff: 10 });
      await until('it is done', async () => (await queue.getJob(job.id!))?.finishedOn !== undefined);
    };
    const plain = (await onPlainBullMQ(scenario)).map(({ event }) => event);
    const ours = (await onOurs(scenario)).map(({ event }) => event);
    expect(plain).toEqual([
      'added',
      'waiting',
      'active',
      'delayed',
      'waiting',
      'active',
      'completed',
      'drained',
    ]);
    expect(ours).toEqual(['added', 'waiting', 'active', 'waiting', 'active', 'completed', 'drained']);
  });

  it.each(['indexed', 'dispatched'] as const)('a removed waiting task, although it is %s', async (place) => {
    const plain = new PlainBench(async () => undefined);
    await plain.queue.pause();
    await (await plain.queue.add('echo', {})).remove();
    const expected = (await eventsOf(plain.redis, plain.key('events'))).filter(
      ({ event }) => event === 'removed',
    );

    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const [running] = await bench.addTogether('hold', 'tag', 1);
    await bench.untilAt('running', running!);
    const job = await bench.add('echo', place === 'dispatched' ? 'tag' : 'other');
    await bench.untilAt(place, job);
    await job.remove();
    const removed = (await bench.events('removed')).map(({ event, prev, jobId }) => ({ event, prev, jobId }));
    expect(removed).toEqual(expected.map((fields) => ({ ...fields, jobId: job.id })));
  });
});

describe('the end of the waiting tasks', () => {
  it('is not told while tasks are indexed or dispatched', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1, maxBatchSize: 2 } });
    const jobs = [...(await bench.addTogether('hold', 'a', 3)), ...(await bench.addTogether('hold', 'b', 1))];
    for (const job of jobs) {
      expect(await bench.events('drained')).toEqual([]);
      await until('one runs', async () => (await bench.queue.getActiveCount()) === 1);
      const [active] = await bench.queue.getActive();
      await bench.holds.end(active!.id!);
      await bench.untilAt('completed', active!);
      expect(jobs.map(({ id }) => id)).toContain(job.id);
    }
    expect(await bench.events('drained')).toHaveLength(1);
  });

  it('is not told either after a deduplicated task', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const first = await bench.add('hold', 'a', 0, { deduplication: { id: 'one' } });
    await bench.untilAt('running', first);
    const second = await bench.add('hold', 'b');
    await bench.untilAt('indexed', second);
    await bench.holds.end(first.id!);
    await bench.untilAt('running', second);
    expect(await bench.events('drained')).toEqual([]);
  });
});

describe("BullMQ's listeners", () => {
  async function listen(bench: Bench): Promise<QueueEvents> {
    const client = connect();
    const events = new QueueEvents(bench.pendingQueueName, {
      connection: client,
    });
    closers.push(async () => {
      await events.close();
      client.disconnect();
    });
    await events.waitUntilReady();
    return events;
  }

  it('hear what happens to a task', async () => {
    const bench = await Bench.start({}, (workers) => {
      workers.registerHandler('slow', (payload, { job }) => work('slow', job, payload));
    });
    const events = await listen(bench);
    const heard: [string, unknown][] = [];
    for (const name of ['added', 'waiting', 'active', 'progress', 'completed', 'drained'] as const) {
      events.on(name, (fields: object) => heard.push([name, fields]));
    }
    // The first read begins when it begins, and not when it was asked for.
    await until('the listener hears', async () => {
      await bench.redis.xadd(bench.key('events'), '*', 'event', 'added', 'jobId', 'x', 'name', 'x');
      return heard.length > 0;
    });
    heard.length = 0;
    const job = await bench.add('slow', 'tag', { n: 1 });
    await until('all was heard', () => heard.some(([name]) => name === 'drained'));
    const { id: jobId } = job;
    expect(heard.filter(([, fields]) => (fields as { jobId?: string }).jobId !== 'x')).toEqual([
      // Indexed at once: it has never been in `wait`.
      ['added', { jobId, name: 'slow' }],
      ['active', { jobId, prev: 'waiting' }],
      ['progress', { jobId, data: { done: 1 } }],
      ['completed', { jobId, returnvalue: { n: 1 }, prev: 'active' }],
      ['drained', expect.anything()],
    ]);
  });

  it('let a job be waited for', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const events = await listen(bench);
    const done = await bench.add('echo', 'tag', 'result');
    expect(await done.waitUntilFinished(events, 10_000)).toBe('result');
    const failed = await bench.add('fail', 'tag', 'reason', { attempts: 1 });
    await expect(failed.waitUntilFinished(events, 10_000)).rejects.toThrow('reason');
    const held = await bench.add('hold', 'tag');
    const later = await bench.add('echo', 'tag', 'later');
    const waiting = later.waitUntilFinished(events, 10_000);
    await bench.untilAt('dispatched', later);
    await bench.holds.end(held.id!, { result: 'held' });
    expect(await held.waitUntilFinished(events, 10_000)).toBe('held');
    expect(await waiting).toBe('later');
    expect(await bench.queue.getQueueEvents()).toHaveLength(1);
  });

  it('stop waiting for a job that takes too long', async () => {
    const bench = await Bench.start();
    const events = await listen(bench);
    const job = await bench.add('hold', 'tag');
    await expect(job.waitUntilFinished(events, 50)).rejects.toThrow('timed out before finishing');
  });
});

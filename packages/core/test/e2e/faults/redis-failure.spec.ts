import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CommandTimeoutError,
  QueueClosedError,
  RedisRefusesWritesError,
  type QueueRole,
} from '../../../src/index.js';
import { startInstance } from '../../support/app.js';
import { uniqueName } from '../../support/redis.js';
import { timers } from '../../support/timers.js';
import { until } from '../../support/until.js';
import { OwnRedis } from './support/own-redis.js';
import { clearStage, numbers, Scene } from './support/scene.js';

let redis: OwnRedis;
beforeAll(async () => {
  redis = await OwnRedis.start();
});
afterEach(clearStage);
afterAll(() => redis.close());

const tags = ['a', 'b', 'c'];

/** Every task began in its order, at least once, and ended well once. */
async function expectAllDone(scene: Scene, perTag: number): Promise<void> {
  await scene.untilCompleted(tags.length * perTag);
  for (const tag of tags) {
    const started = await scene.journal.started(tag);
    expect(started).toEqual([...started].sort((one, other) => one - other));
    expect([...new Set(started)]).toEqual(numbers(perTag));
  }
  expect(await scene.said('completed')).toBe(tags.length * perTag);
  const stats = await scene.producer.queue.getQueueStats();
  expect(stats).toMatchObject({ waiting: 0, active: 0, failed: 0, tagsBound: 0 });
}

describe('Redis', () => {
  it('that is restarted, with its data: work goes on by itself', async () => {
    const scene = await Scene.open(redis.url);
    const workerOptions = { workerCount: 2, maxBatchSize: 4 };
    const electionOptions = { electionLockTtl: 5_000, heartbeatInterval: 1_000, heartbeatTimeout: 5_000 };
    await Promise.all([
      scene.startLocal({ workerOptions, electionOptions }),
      scene.startLocal({ workerOptions, electionOptions }),
    ]);
    const notes = numbers(30).map((n) => ({ n, ms: 5 }));
    for (const tag of tags) await scene.add(tag, notes);
    await until('work is under way', async () => (await scene.journal.entries()).length > 40);
    await redis.stop();
    await redis.startAgain();
    await expectAllDone(scene, 30);
  });

  it('that is away for longer than the leases: workers abort, and all goes on when it is back', async () => {
    const scene = await Scene.open(redis.url);
    const gate = scene.gate();
    const instance = await scene.startLocal();
    await until('it leads', () => instance.election.isLeader());
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2]);
    for (const tag of ['b', 'c']) await scene.add(tag, numbers(3));
    await scene.untilStarted('a', 1);
    await redis.stop();
    await until('it leads no more', () => !instance.election.isLeader());
    await until('no worker may run tasks', () => instance.workers.getWorkerStates().length === 0);
    await redis.startAgain();
    await until('the handler was aborted', async () => (await scene.journal.of('a', 'aborted')).length === 1);
    await gate.open();
    await expectAllDone(scene, 3);
  });

  it('that is frozen for longer than the leases: workers abort, and all goes on when it thaws', async () => {
    const scene = await Scene.open(redis.url);
    const gate = scene.gate();
    const [first, second] = await Promise.all([scene.startLocal(), scene.startLocal()]);
    await scene.untilLeader();
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2]);
    for (const tag of ['b', 'c']) await scene.add(tag, numbers(3));
    await scene.untilStarted('a', 1);
    redis.freeze();
    try {
      await until('nobody leads', () => !first.election.isLeader() && !second.election.isLeader());
      await until('no worker may run tasks', () =>
        [first, second].every(({ workers }) => workers.getWorkerStates().length === 0),
      );
    } finally {
      redis.thaw();
    }
    await until('the handler was aborted', async () => (await scene.journal.of('a', 'aborted')).length === 1);
    await gate.open();
    await expectAllDone(scene, 3);
    expect(await scene.workers()).toHaveLength(2);
    expect([first, second].filter(({ election }) => election.isLeader())).toHaveLength(1);
  });

  it('that cuts all connections, again and again: nothing runs twice', async () => {
    const scene = await Scene.open(redis.url);
    const workerOptions = { workerCount: 2, maxBatchSize: 4 };
    const electionOptions = { electionLockTtl: 10_000, heartbeatInterval: 100, heartbeatTimeout: 10_000 };
    await scene.startLocal({ workerOptions, electionOptions });
    for (const tag of tags) await scene.add(tag, numbers(40));
    const admin = redis.connect();
    for (let cuts = 1; cuts <= 6; cuts += 1) {
      const entries = (await admin.llen(scene.journal.key)) + 20;
      await until(
        'work goes on',
        async () => (await admin.llen(scene.journal.key)) >= Math.min(entries, 240),
      );
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    }
    await expectAllDone(scene, 40);
    expect(await scene.said('recovered')).toBe(0);
    for (const tag of tags) {
      const attempts = (await scene.journal.of(tag, 'started')).map(({ attempt }) => attempt);
      expect(new Set(attempts)).toEqual(new Set([1]));
      expect(attempts).toHaveLength(40);
    }
    admin.disconnect();
  });
});

describe('a Redis that is gone', () => {
  it('has adds fail after commandTimeout, or wait for it: the application chooses', async () => {
    const name = uniqueName();
    const ran: unknown[] = [];
    const startWith = (commandTimeout: number, role: QueueRole) =>
      startInstance({ name, role, redisOptions: { url: redis.url, commandTimeout } }, (workers) => {
        workers.registerHandler('note', (payload) => void ran.push(payload));
      });
    const patient = await startWith(60_000, 'BOTH');
    const hasty = await startWith(300, 'PRODUCER');
    const task = (payload: string) => ({ type: 'note', identifyTag: 't', payload });
    await redis.stop();
    const settled: string[] = [];
    const adds = {
      one: patient.queue.add(task('one')).then((job) => [job]),
      list: patient.queue.addBulk([task('two'), task('three')]),
      // By BullMQ's own script.
      delayed: patient.queue.add(task('four'), { delay: 1 }).then((job) => [job]),
    };
    for (const [which, adding] of Object.entries(adds)) void adding.finally(() => settled.push(which));
    const from = performance.now();
    const failed = await hasty.queue.add(task('hasty')).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CommandTimeoutError);
    expect(failed).toMatchObject({ code: 'AFFINITY_COMMAND_TIMEOUT', details: { timeoutMs: 300 } });
    expect(performance.now() - from).toBeLessThan(3_000);
    expect(settled).toEqual([]);
    await redis.startAgain();
    const jobs = (await Promise.all(Object.values(adds))).flat();
    await Promise.all(jobs.map((job) => patient.queue.waitUntilFinished(job, 20_000)));
    // Whether what the hasty one gave up has been added is unknown, as its error says.
    const kept = (await patient.queue.queue.getJobs()).filter(({ data }) => data.payload !== 'hasty');
    expect(kept.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
    expect(ran.filter((payload) => payload !== 'hasty').sort()).toEqual(['four', 'one', 'three', 'two']);
  });

  it.each([
    ['gone', () => redis.stop(), () => redis.startAgain()],
    ['frozen', async () => redis.freeze(), async () => redis.thaw()],
  ])(
    'does not hold up the stop of an application that waits for a task: %s',
    async (_how, leave, comeBack) => {
      const timersBefore = timers();
      const redisOptions = { url: redis.url, commandTimeout: 60_000 };
      const { queue, close } = await startInstance({ name: uniqueName(), role: 'PRODUCER', redisOptions });
      const job = await queue.add({ type: 'note', identifyTag: 't', payload: 1 });
      const ended = expect(queue.waitUntilFinished(job)).rejects.toBeInstanceOf(QueueClosedError);
      try {
        await leave();
        // It is asked for while nobody answers.
        const another = expect(queue.waitUntilFinished('another')).rejects.toBeInstanceOf(QueueClosedError);
        const from = performance.now();
        await close();
        expect(performance.now() - from).toBeLessThan(10_000);
        await Promise.all([ended, another]);
      } finally {
        await comeBack();
      }
      await until('nothing of it keeps the process alive', () => timers() <= timersBefore);
    },
  );

  it('has adds that wait for it rejected by a stop', async () => {
    const redisOptions = { url: redis.url, commandTimeout: 60_000 };
    const { queue, close } = await startInstance({ name: uniqueName(), role: 'PRODUCER', redisOptions });
    await redis.stop();
    try {
      const adding = queue.add({ type: 'note', identifyTag: 't', payload: 1 });
      const rejected = expect(adding).rejects.toThrow('Connection is closed');
      await close();
      await rejected;
    } finally {
      await redis.startAgain();
    }
  });
});

describe('SCRIPT FLUSH', () => {
  it('while tasks run changes nothing', async () => {
    const scene = await Scene.open(redis.url);
    const electionOptions = { electionLockTtl: 10_000, heartbeatInterval: 100, heartbeatTimeout: 10_000 };
    await scene.startLocal({ electionOptions, workerOptions: { workerCount: 2, maxBatchSize: 3 } });
    for (const tag of tags) await scene.add(tag, numbers(30));
    const tick = { type: 'note', identifyTag: 'tick', payload: { n: 7 } };
    await scene.producer.queue.schedule('tick', { every: 50, limit: 5 }, tick);
    let flushes = 0;
    await until('all have completed', async () => {
      await scene.redis.script('FLUSH');
      flushes += 1;
      return (await scene.producer.queue.getQueueStats()).completed === 95;
    });
    expect(flushes).toBeGreaterThan(3);
    expect(await scene.journal.started('tick')).toEqual([7, 7, 7, 7, 7]);
    for (const tag of tags) expect(await scene.journal.started(tag)).toEqual(numbers(30));
    expect(await scene.journal.overlaps()).toEqual([]);
  });
});

describe('a Redis that is full', () => {
  it('ends no schedule', async () => {
    const name = uniqueName();
    const ran: string[] = [];
    const { queue } = await startInstance({ name, redisOptions: { url: redis.url } }, (workers) => {
      workers.registerHandler('note', (_payload, { job }) => void ran.push(job.id!));
    });
    const admin = redis.connect();
    await queue.schedule('tick', { every: 100 }, { type: 'note', identifyTag: 't', payload: 0 });
    await until('it runs', () => ran.length > 0);
    await admin.config('SET', 'maxmemory', 1);
    try {
      const refused = queue.add({ type: 'note', identifyTag: 't', payload: 0 });
      await expect(refused).rejects.toBeInstanceOf(RedisRefusesWritesError);
      await expect(refused).rejects.toMatchObject({ details: { command: 'addTasks', reply: 'OOM' } });
      const before = ran.length;
      await until('it goes on', () => ran.length >= before + 3);
    } finally {
      await admin.config('SET', 'maxmemory', 0);
    }
    expect(await queue.unschedule('tick')).toBe(true);
    expect(new Set(ran).size).toBe(ran.length);
    admin.disconnect();
  });
});

import { afterAll, expect, it } from '@jest/globals';
import { WorkerFencedError, TaskNotFoundError, TaskStillRunningError } from '../../../src/errors/errors.js';
import { connectScripts, Harness, type Taken } from './support/harness.js';
import { eventsOf, soundState } from './support/use-harness.js';

const connections = Array.from({ length: 8 }, () => connectScripts());

afterAll(async () => {
  await Promise.all(connections.map((redis) => redis.quit()));
});

const tags = ['a', 'b', 'c', 'd', 'e', 'f'];
const tasksPerTag = 50;
const workerCount = 5;

/**
 * Producers, workers, a leader and somebody who kills workers, each on a connection of its own and none waiting for the
 * others. Every reply of every third call is taken for lost: the call is sent twice, without waiting for the first.
 */
it('keeps every task and every order among many that act at the same time', async () => {
  const [forLeader, forProducers, forKiller, ...forWorkers] = connections;
  const queue = new Harness(forLeader!);
  const on = (redis = forLeader!): Harness => new Harness(redis, queue.name);
  await queue.redis.hset(queue.list('meta'), 'opts.maxLenEvents', 100_000);
  await queue.elect();
  const living = new Set<string>();
  let isDone = false;
  let calls = 0;
  let kills = 0;

  async function twice<T>(call: () => Promise<T>): Promise<T> {
    calls += 1;
    if (calls % 3 > 0) return call();
    const [, second] = await Promise.all([call(), call()]);
    return second;
  }

  async function produce(): Promise<void> {
    const producer = on(forProducers);
    for (let i = 1; i <= tasksPerTag; i++) {
      await Promise.all(tags.map((tag) => producer.addMany(tag, `${tag}${i}`)));
    }
  }

  async function lead(): Promise<void> {
    while (!isDone) {
      await twice(() => queue.dispatch({ maxBatchSize: 4, maxIds: 20 }));
      await queue.letTimePass();
    }
  }

  async function kill(): Promise<void> {
    const killer = on(forKiller);
    while (!isDone) {
      for (const worker of [...living].slice(0, 2)) {
        const beat = (await killer.redis.hget(killer.keys.beats, worker)) ?? '0';
        try {
          await killer.recover(worker, { beat, maxCrashes: 1_000 });
          kills += 1;
        } catch (error) {
          if (!(error instanceof TaskNotFoundError || error instanceof TaskStillRunningError)) throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function work(index: number): Promise<void> {
    const lane = on(forWorkers[index]);
    for (let generation = 1; !isDone; generation++) {
      const worker = `w${index + 1}x${generation}`;
      await twice(() => lane.register(worker));
      living.add(worker);
      try {
        while (!isDone) await workOnce(lane, worker);
        await twice(() => lane.retire(worker));
      } catch (error) {
        if (!(error instanceof WorkerFencedError)) throw error;
      }
      living.delete(worker);
    }
  }

  async function workOnce(lane: Harness, worker: string): Promise<void> {
    let task = await twice(() => lane.takeReply(worker));
    while (typeof task === 'object') {
      const current: Taken = task;
      const options = { fetchNext: true, short: true };
      calls += 1;
      const isRetried = calls % 7 === 0 && Number(current.attempt) < 3;
      task = await twice(() =>
        isRetried
          ? lane.retry(worker, current, { ...options, delayMs: calls % 2 === 0 ? 1_000 : 0 })
          : lane.finish(worker, current, options),
      );
    }
    await lane.run('beat', { caller: 'node', args: [worker, 0, '{}'] });
  }

  async function watch(): Promise<void> {
    const deadline = performance.now() + 25_000;
    for (;;) {
      const completed = await queue.redis.zcard(queue.list('completed'));
      if (completed === tags.length * tasksPerTag) break;
      if (performance.now() > deadline) throw new Error(`Only ${completed} tasks were completed`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const everybody = [
    lead(),
    produce(),
    kill(),
    ...forWorkers.slice(0, workerCount).map((_, index) => work(index)),
  ];
  try {
    await Promise.race([watch(), Promise.all(everybody)]);
  } finally {
    isDone = true;
  }
  await Promise.all(everybody);

  const completed = (await eventsOf(queue, 'completed')).map(({ jobId }) => jobId);
  for (const tag of tags) {
    const inOrder = Array.from({ length: tasksPerTag }, (_, i) => `${tag}${i + 1}`);
    expect(completed.filter((id) => id?.startsWith(tag))).toEqual(inOrder);
  }
  expect(kills).toBeGreaterThan(0);
  const { active, seq, registered, owners } = await soundState(queue, { tags, workers: [] });
  expect([active, seq.size, registered.size, owners.size]).toEqual([[], 0, 0, 0]);
  await queue.clear();
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandTimeoutError } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

let server: OwnServer;

beforeAll(async () => {
  server = await startOwnServer();
});

afterEach(closeAll);

afterAll(() => server.stop());

describe('a Redis that does not answer', () => {
  it('makes every method reject in time; when it answers again, events and waiters go on', async () => {
    const redisOptions = { url: server.url, commandTimeout: 200 };
    const { queue, election } = await startInstance({ name: uniqueName(), redisOptions }, (workers) => {
      workers.registerHandler('note', (payload) => payload);
    });
    const completed: string[] = [];
    const subscription = queue.events$.subscribe((event) => {
      if (event.type === 'completed') completed.push(event.jobId);
    });
    const task = { type: 'note', identifyTag: 't', payload: 'late' };
    await queue.waitUntilFinished(await queue.add({ ...task, payload: 'early' }), 5_000);

    const calls = {
      add: () => queue.add(task, { jobId: 'a' }),
      addBulk: () => queue.addBulk([{ ...task, options: { jobId: 'b' } }]),
      getJob: () => queue.getJob('a'),
      waitUntilFinished: () => queue.waitUntilFinished('a', 5_000),
      getQueueStats: () => queue.getQueueStats(),
      getTagStats: () => queue.getTagStats('t'),
      pauseTag: () => queue.pauseTag('other'),
      resumeTag: () => queue.resumeTag('other'),
      purgeTag: () => queue.purgeTag('other'),
      remove: () => queue.remove('nobody'),
      cancel: () => queue.cancel('nobody'),
      retryFailed: () => queue.retryFailed(),
      pause: () => queue.pause(),
      resume: () => queue.resume(),
      getWorkers: () => queue.getWorkers(),
      getLeader: () => election.getLeader(),
    };
    process.kill(server.pid!, 'SIGSTOP');
    const from = performance.now();
    let results: PromiseSettledResult<unknown>[];
    try {
      results = await Promise.allSettled(Object.values(calls).map((call) => call()));
    } finally {
      process.kill(server.pid!, 'SIGCONT');
    }
    expect(performance.now() - from).toBeLessThan(4_000);
    const outcomes = results.map((result, i) => [
      Object.keys(calls)[i],
      result.status === 'rejected' && result.reason instanceof CommandTimeoutError,
    ]);
    expect(outcomes).toEqual(Object.keys(calls).map((name) => [name, true]));

    // What was sent may have taken effect; adding it again under the same id makes one task of it.
    await until('it answers again', () =>
      queue.resume().then(
        () => true,
        () => false,
      ),
    );
    const jobs = [await queue.add(task, { jobId: 'a' }), await queue.add(task, { jobId: 'b' })];
    expect(await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)))).toEqual([
      'late',
      'late',
    ]);
    await until('the events have come', () => completed.length === 3);
    expect(completed.slice(1)).toEqual(['a', 'b']);
    subscription.unsubscribe();
  });
});

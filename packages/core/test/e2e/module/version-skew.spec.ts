import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { IncompatibleLayoutError, type QueueRole } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/app.js';
import { Recorder, upTo } from '../../support/recorder.js';
import { connect, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
afterEach(closeAll);
afterAll(() => {
  redis.disconnect();
});

const task = (payload: unknown) => ({ type: 'note', identifyTag: 't', payload });
const stampOf = (name: string) => `bull:${name}-pending:aff:ctl`;

/** Everything that belongs to a queue. */
async function snapshot(name: string): Promise<unknown[]> {
  const keys = (await redis.keys(`*${name}*`)).sort();
  return Promise.all(keys.map(async (key) => [key, (await redis.dumpBuffer(key)).toString('hex')]));
}

describe('an instance whose version has another layout than the queue', () => {
  it.each<[string, string, QueueRole, string]>([
    ['older', '0', 'BOTH', 'an older nestjs-affinity-queue uses it: all its instances have to stop first'],
    ['newer', '2', 'WORKER', 'a newer nestjs-affinity-queue uses it: upgrade this instance'],
    ['newer', '10', 'PRODUCER', 'a newer nestjs-affinity-queue uses it: upgrade this instance'],
  ])(
    '%s (%s): is refused in role %s, told what to do, and changes nothing',
    async (_, version, role, advice) => {
      const name = uniqueName('skew');
      // What a version of that layout has left, with a task that waits.
      await redis.hset(stampOf(name), 'layout', `${version}:${name}-worker`);
      await redis.lpush(`bull:${name}-pending:wait`, 'a');
      await redis.hset(`bull:${name}-pending:a`, 'name', 'note', 'data', JSON.stringify(task(1)));
      const before = await snapshot(name);
      const start = startInstance({ name, role });
      await expect(start).rejects.toThrow(IncompatibleLayoutError);
      await expect(start).rejects.toThrow(advice);
      expect(await snapshot(name)).toEqual(before);
      await redis.del(...(await redis.keys(`*${name}*`)));
    },
  );
});

describe('while instances of one layout run', () => {
  it('one of another cannot stamp over them; they go on, and one of theirs may join', async () => {
    const name = uniqueName('skew');
    const recorder = new Recorder();
    const register = (workers: Parameters<NonNullable<Parameters<typeof startInstance>[1]>>[0]) => {
      workers.registerHandler('note', recorder.handler());
    };
    const first = await startInstance({ name }, register);
    const stamp = await redis.hget(stampOf(name), 'layout');
    expect(stamp).toBe(`1:${name}-worker`);
    // Another prefix is another layout to the check and to the scripts.
    const renamed = { queueOptions: { workerQueuePrefix: `${name}-renamed` } };
    await expect(startInstance({ name, ...renamed })).rejects.toThrow(
      'give this instance the workerQueuePrefix of the others',
    );
    const second = await startInstance({ name }, register);
    const jobs = await first.queue.addBulk(upTo(20).map(task));
    await Promise.all(jobs.map((job) => second.queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads()).toEqual(upTo(20));
    expect(await redis.hget(stampOf(name), 'layout')).toBe(stamp);
  });

  it('a stamp that is replaced under them lets none of them lead or join anew', async () => {
    const name = uniqueName('skew');
    const faults: unknown[] = [];
    const { queue, election, workers } = await startInstance({ name });
    queue.errors$.subscribe((error) => faults.push(error));
    await until('it leads', () => election.isLeader());
    await redis.hset(stampOf(name), 'layout', `2:${name}-worker`);
    await election.resign();
    await until('it was refused', () => faults.some((error) => error instanceof IncompatibleLayoutError));
    expect(election.isLeader()).toBe(false);
    // Its worker is declared dead, as a leader of the new version would do it.
    await redis.del(`scheduler:${name}-pending:worker:registry`);
    await until('its worker is out', () => workers.getWorkerStates().length === 0);
    await until(
      'it may not join',
      () => faults.filter((error) => error instanceof IncompatibleLayoutError).length > 1,
    );
    expect(await redis.exists(`scheduler:${name}-pending:worker:registry`)).toBe(0);
    // Back again, it goes on by itself.
    await redis.hset(stampOf(name), 'layout', `1:${name}-worker`);
    await until('it leads again', () => election.isLeader(), { timeoutMs: 15_000 });
    await until('its worker is back', () => workers.getWorkerStates().length === 1, { timeoutMs: 15_000 });
  });
});

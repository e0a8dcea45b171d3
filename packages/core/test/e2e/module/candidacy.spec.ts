import { afterEach, describe, expect, it } from '@jest/globals';
import type { WorkerService } from '../../../src/index.js';
import { quickElection } from '../../support/app.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

describe('standing for election', () => {
  it('goes on after stop and start, whoever of the two is awaited', async () => {
    const { election } = await startInstance({ name: uniqueName(), role: 'SCHEDULER' });
    await until('it leads', () => election.isLeader());
    const first = (await election.getLeader())!;
    const stopped = election.stop();
    expect(election.isLeader()).toBe(false);
    election.start();
    await stopped;
    await until('it leads again', () => election.isLeader());
    expect((await election.getLeader())!.epoch).toBeGreaterThan(first.epoch);

    const stops = [election.stop(), (election.start(), election.stop())];
    await Promise.all(stops);
    expect(election.isLeader()).toBe(false);
    expect(await election.getLeader()).toBeNull();
  });

  it('is over while the scheduler is stopped: another candidate leads, and tasks run', async () => {
    const name = uniqueName();
    const register = (workers: WorkerService): void => {
      workers.registerHandler('note', () => undefined);
    };
    const first = await startInstance({ name }, register);
    await until('it leads', () => first.election.isLeader());
    const second = await startInstance({ name }, register);
    first.scheduler.stop();
    expect([first.election.isLeader(), first.scheduler.isScheduling]).toEqual([false, false]);
    const run = async (): Promise<unknown> =>
      second.queue.waitUntilFinished(
        await second.queue.add({ type: 'note', identifyTag: 't', payload: 1 }),
        5_000,
      );
    await run();
    expect((await first.election.getLeader())!.nodeId).toBe(second.election.nodeId);

    // Whoever stands for election by hand does not lead either.
    first.election.start();
    second.scheduler.stop();
    await until('nobody leads', async () => (await first.election.getLeader()) === null);
    expect(first.election.isLeader()).toBe(false);
    first.scheduler.start();
    await run();
    expect(first.scheduler.isScheduling).toBe(true);
    await first.election.stop();
    first.scheduler.start();
    expect(first.election.isLeader()).toBe(false);
    second.scheduler.start();
    await run();
    expect((await first.election.getLeader())!.nodeId).toBe(second.election.nodeId);
  });
});

describe('a queue without a leader', () => {
  it('is noticed after a lock TTL by an instance with workers, and until there is one', async () => {
    const name = uniqueName();
    const { election } = await startInstance({ name, role: 'WORKER', electionOptions: quickElection });
    expect(election.isLeaderless).toBe(false);
    await until('it is noticed', () => election.isLeaderless);
    await startInstance({ name, role: 'SCHEDULER', electionOptions: quickElection });
    await until('the leader is noticed', () => !election.isLeaderless);
  });
});

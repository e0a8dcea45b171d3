import { afterEach, describe, expect, it } from '@jest/globals';
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
});

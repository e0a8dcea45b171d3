import { describe, expect, it } from '@jest/globals';
import { instanceKeys, queueKeys } from './queue-keys.js';

const names = {
  pendingQueueName: 'pending-tasks',
  workerQueuePrefix: 'worker-queue',
  workerStatePrefix: 'worker-state',
};

describe('queueKeys', () => {
  it('has the documented names for the default queue', () => {
    expect(queueKeys(names)).toMatchObject({
      base: 'bull:pending-tasks:',
      workerBase: 'bull:worker-queue-',
      electionLock: 'scheduler:election:lock',
      electionEpoch: 'scheduler:election:epoch',
      electionVacancy: 'scheduler:election:vacancy',
      leaderInfo: 'scheduler:leader:info',
      workerRegistry: 'scheduler:worker:registry',
      control: 'bull:pending-tasks:aff:ctl',
      beats: 'bull:pending-tasks:aff:beats',
      marker: 'bull:pending-tasks:marker',
    });
  });

  it('names the documented state of a worker, and its queue', () => {
    const keys = queueKeys(names);
    expect(keys.workerState('host-1-ab-1')).toBe('worker-state:host-1-ab-1');
    expect(keys.workerMeta('host-1-ab-1')).toBe('bull:worker-queue-host-1-ab-1:meta');
  });

  it("has its own name in every other queue's keys", () => {
    const keys = queueKeys({ ...names, pendingQueueName: 'orders' });
    expect(keys.electionLock).toBe('scheduler:orders:election:lock');
    expect(keys.leaderInfo).toBe('scheduler:orders:leader:info');
    expect(keys.workerRegistry).toBe('scheduler:orders:worker:registry');
  });

  it.each(['a', 'election', 'leader', 'worker', 'instance', 'election:lock', 'pending-tasks-2'])(
    'shares no key between the default queue and one named %s',
    (pendingQueueName) => {
      const texts = (keys: object): string[] =>
        Object.values(keys).filter((value) => typeof value === 'string');
      const other = queueKeys({ pendingQueueName, workerQueuePrefix: 'other', workerStatePrefix: 'other' });
      const own = new Set(texts(queueKeys(names)));
      expect(texts(other).filter((key) => own.has(key))).toEqual([]);
    },
  );

  it('cannot be changed', () => {
    expect(Object.isFrozen(queueKeys(names))).toBe(true);
  });
});

describe('instanceKeys', () => {
  it('are different for every set of connections', () => {
    const { workers, interrupt } = instanceKeys('host-1-ab');
    expect(workers).toBe('scheduler:instance:host-1-ab:wake');
    expect(interrupt).toBe('scheduler:instance:host-1-ab:interrupt');
    expect(Object.values(instanceKeys('host-1-ab.2'))).not.toContain(workers);
  });
});

import { describe, expect, it } from '@jest/globals';
import { ObservedLock } from './observed-lock.js';

const options = { electionLockTtlMs: 300, heartbeatTimeoutMs: 1_000 };
const sighting = { lockValue: 'node:1', ttlMs: 250, info: '{"heartbeats":1}' };

describe('ObservedLock', () => {
  it('takes nobody for lifeless of whom it has seen nothing', () => {
    const observed = new ObservedLock(options);
    expect(observed.lifeless(1e9)).toBeUndefined();
    expect(observed.msUntilSuperseded(1e9)).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes a leader for lifeless whose info has not changed for the heartbeat timeout', () => {
    const observed = new ObservedLock(options);
    observed.see(sighting, 5_000);
    expect(observed.msUntilSuperseded(5_400)).toBe(600);
    observed.see({ ...sighting, ttlMs: 50 }, 5_400);
    expect(observed.lifeless(5_999)).toBeUndefined();
    expect(observed.lifeless(6_000)).toMatchObject({ lockValue: 'node:1', info: '{"heartbeats":1}' });
    expect(observed.msUntilSuperseded(9_000)).toBe(0);
  });

  it.each([
    ['renews', { ...sighting, info: '{"heartbeats":2}' }],
    ['is another one', { ...sighting, lockValue: 'other:2' }],
  ])('begins anew when the leader %s', (_what, changed) => {
    const observed = new ObservedLock(options);
    observed.see(sighting, 0);
    observed.see(changed, 900);
    expect(observed.lifeless(1_899)).toBeUndefined();
    expect(observed.lifeless(1_900)).toMatchObject({ lockValue: changed.lockValue });
  });

  it('waits no longer than a lock lasts for one that does not expire', () => {
    const observed = new ObservedLock(options);
    observed.see({ ...sighting, ttlMs: -1 }, 0);
    expect(observed.msUntilSuperseded(100)).toBe(200);
    expect(observed.lifeless(300)).toMatchObject({ lockValue: 'node:1' });
  });

  it('forgets', () => {
    const observed = new ObservedLock(options);
    observed.see(sighting, 0);
    observed.forget();
    expect(observed.lifeless(1e9)).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { ManualClock, systemClock } from './clock.js';

describe('systemClock', () => {
  it('does not follow the wall clock', () => {
    const wallNow = Date.now;
    const before = systemClock.nowMs();
    try {
      Date.now = () => wallNow() + 3_600_000;
      expect(systemClock.nowMs() - before).toBeLessThan(60_000);
      expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
    } finally {
      Date.now = wallNow;
    }
  });
});

describe('ManualClock', () => {
  it('moves when told to, and only forward', () => {
    const clock = new ManualClock(100);
    clock.advance(50);
    expect(clock.nowMs()).toBe(150);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
    expect(clock.nowMs()).toBe(150);
  });
});

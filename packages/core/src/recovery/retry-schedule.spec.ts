import { describe, expect, it } from '@jest/globals';
import { RetrySchedule } from './retry-schedule.js';

describe('RetrySchedule', () => {
  it('lets through at once what has not failed', () => {
    const schedule = new RetrySchedule();
    expect(schedule.isDue('a', 0)).toBe(true);
    expect(schedule.msUntilDue(0)).toBe(Number.POSITIVE_INFINITY);
    expect(schedule.failed).toEqual([]);
  });

  it('waits longer after every failure, a minute at most, for that one alone', () => {
    const schedule = new RetrySchedule();
    let now = 10_000;
    const pauses: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      schedule.noteFailure('a', now);
      const pause = schedule.msUntilDue(now);
      pauses.push(pause);
      expect(schedule.isDue('a', now + pause - 1)).toBe(false);
      expect(schedule.isDue('a', now + pause)).toBe(true);
      now += pause;
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    schedule.noteFailure('b', now);
    expect(schedule.msUntilDue(now)).toBe(0);
    schedule.noteFailure('a', now);
    expect(schedule.msUntilDue(now)).toBe(500);
    expect(schedule.failed).toEqual(['a', 'b']);
  });

  it('begins anew after a success', () => {
    const schedule = new RetrySchedule();
    schedule.noteFailure('a', 0);
    schedule.noteFailure('a', 500);
    schedule.noteSuccess('a');
    expect(schedule.failed).toEqual([]);
    schedule.noteFailure('a', 600);
    expect(schedule.msUntilDue(600)).toBe(500);
  });
});

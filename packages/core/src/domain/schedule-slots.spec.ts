import { describe, expect, it } from '@jest/globals';
import { nextCronSlot, nextIntervalSlot } from './schedule-slots.js';

const at = (text: string): number => new Date(text).getTime();
const slots = (cron: string, tz: string, from: string, count: number): string[] => {
  const found: string[] = [];
  for (let after = at(from); found.length < count;) {
    after = nextCronSlot({ cron, tz }, after) ?? Number.NaN;
    found.push(new Date(after).toISOString());
  }
  return found;
};

describe('the slots of a cron expression', () => {
  it('come after a moment, not at it', () => {
    expect(slots('*/20 * * * *', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-01T00:20:00.000Z',
      '2026-01-01T00:40:00.000Z',
      '2026-01-01T01:00:00.000Z',
    ]);
    expect(slots('* * * * * *', 'UTC', '2026-01-01T00:00:00.999Z', 1)).toEqual(['2026-01-01T00:00:01.000Z']);
  });

  it('are those of their time zone, in summer and in winter', () => {
    expect(slots('0 3 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T02:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T01:00:00.000Z',
    ]);
  });

  it('run once on the night whose hour comes twice, and once on that whose hour is left out', () => {
    expect(slots('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    const spring = slots('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2);
    expect(spring.map((slot) => slot.slice(0, 10))).toEqual(['2026-03-29', '2026-03-30']);
  });

  it('lie between startDate and endDate, both included', () => {
    const cron = '0 12 * * *';
    const [startDate, endDate] = [at('2026-05-01T12:00:00Z'), at('2026-05-02T12:00:00Z')];
    const next = (after: number): number | undefined =>
      nextCronSlot({ cron, tz: 'UTC', startDate, endDate }, after);
    expect(next(0)).toBe(startDate);
    expect(next(startDate)).toBe(endDate);
    expect(next(endDate)).toBeUndefined();
  });

  it('there are none of 30 February, and none of what is no expression', () => {
    for (const cron of ['0 0 30 2 *', '61 * * * *']) {
      expect(() => nextCronSlot({ cron, tz: 'UTC' }, 0)).toThrow();
    }
  });
});

describe('the slots of an interval', () => {
  const every = { every: 100, offset: 30 };

  it('follow each other', () => {
    expect(nextIntervalSlot(every, 1_030, 1_031)).toBe(1_130);
    expect(nextIntervalSlot(every, 1_030, 1_130)).toBe(1_130);
  });

  it('keep their places where some have passed', () => {
    expect(nextIntervalSlot(every, 1_030, 1_131)).toBe(1_230);
    expect(nextIntervalSlot(every, 1_030, 5_000)).toBe(5_030);
    expect(nextIntervalSlot(every, 1_030, 5_030)).toBe(5_130);
  });
});

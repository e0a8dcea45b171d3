import { describe, expect, it } from '@jest/globals';
import { growthPerHour, isFlat } from './growth.js';

const mebibyte = 2 ** 20;
/** An hour, a reading a minute. */
const hour = (bytesAt: (minute: number) => number) =>
  Array.from({ length: 60 }, (_, minute) => ({ atMs: minute * 60_000, bytes: bytesAt(minute) }));

describe('growth', () => {
  it('is the slope after the first third', () => {
    const series = hour((minute) => (minute < 20 ? minute * 50 : 1_000 + minute) * mebibyte);
    expect(growthPerHour(series) / mebibyte).toBeCloseTo(60);
  });

  it('of a heap that breathes is none', () => {
    expect(isFlat(hour((minute) => (100 + 20 * Math.sin(minute)) * mebibyte))).toBe(true);
  });

  it('of a leak is one', () => {
    expect(isFlat(hour((minute) => (100 + minute) * mebibyte))).toBe(false);
  });
});

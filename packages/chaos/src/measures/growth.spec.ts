import { describe, expect, it } from '@jest/globals';
import { growthBounds, growthPerHour, isFlat, type Reading } from './growth.js';

const kibibyte = 2 ** 10;
const mebibyte = 2 ** 20;
/** A reading a minute. */
const minutes = (count: number, bytesAt: (minute: number) => number): Reading[] =>
  Array.from({ length: count }, (_, minute) => ({ atMs: minute * 60_000, bytes: bytesAt(minute) }));
/** So much more at the end of an hour than at its beginning, around a level, with readings that are off by as much as `noise`. */
const growing = (count: number, level: number, perHour: number, noise = 0): Reading[] =>
  minutes(count, (minute) => level + (perHour * minute) / 60 + (minute % 2 === 0 ? noise : -noise));

describe('growth', () => {
  it('is the slope after the first third', () => {
    const series = minutes(60, (minute) => (minute < 20 ? minute * 50 : 1_000 + minute) * mebibyte);
    expect(growthPerHour(series) / mebibyte).toBeCloseTo(60);
  });
});

describe('the memory of an instance', () => {
  const { instance } = growthBounds;

  it('is flat where its heap breathes', () => {
    expect(isFlat(growing(61, 100 * mebibyte, 4 * mebibyte, 20 * mebibyte), instance)).toBe(true);
  });

  it('grows by a tenth of it in an hour', () => {
    expect(isFlat(growing(61, 100 * mebibyte, 10 * mebibyte), instance)).toBe(false);
  });
});

describe('the memory of Redis', () => {
  const { redis } = growthBounds;
  const level = 5 * mebibyte;

  it.each([
    [11, true],
    [500, true],
    [525, false],
    [2_048, false],
  ])('that grows by %i KiB in an hour: flat is %s', (kib, isSo) => {
    expect(isFlat(growing(61, level, kib * kibibyte), redis)).toBe(isSo);
  });

  it('is as flat in a short run whose readings are off', () => {
    const series = growing(6, level, 0, -100 * kibibyte);
    expect(growthPerHour(series)).toBeGreaterThan(4 * redis);
    expect(isFlat(series, redis)).toBe(true);
  });

  it('is not in one that grows by mebibytes within minutes', () => {
    expect(isFlat(growing(6, level, 60 * mebibyte), redis)).toBe(false);
  });

  it('of no readings is flat', () => {
    expect(isFlat([], redis)).toBe(true);
  });
});

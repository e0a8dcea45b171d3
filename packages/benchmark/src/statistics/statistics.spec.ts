import { describe, expect, it } from '@jest/globals';
import { median, quantile, summarise } from './statistics.js';

describe('statistics', () => {
  it('takes the value in the middle, or half-way between two', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('places a quantile in proportion between two values', () => {
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('sorts by value, not as text', () => {
    expect(summarise([100, 9, 20])).toEqual({ median: 20, min: 9, max: 100, values: [100, 9, 20] });
  });

  it('has no answer for nothing', () => {
    expect(() => summarise([])).toThrow('nothing to summarise');
    expect(() => quantile([], 0.5)).toThrow('no quantile');
  });
});

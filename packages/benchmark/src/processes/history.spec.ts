import { describe, expect, it } from '@jest/globals';
import { findFaults } from './history.js';
import type { Run } from './messages.js';

const noFaults = { overlaps: 0, disorder: 0, missing: 0, repeated: 0 };

describe('findFaults', () => {
  it('finds none where tags take turns and each keeps its order', () => {
    const runs: Run[] = [
      [0, 'a', 0, 10],
      [1, 'b', 5, 15],
      [2, 'a', 10, 20],
      [3, 'b', 15, 16],
    ];
    expect(findFaults(runs, 4)).toEqual(noFaults);
  });

  it('does not depend on the order of the records', () => {
    const runs: Run[] = [
      [2, 'a', 30, 40],
      [0, 'a', 0, 10],
      [1, 'a', 10, 20],
    ];
    expect(findFaults(runs, 3)).toEqual(noFaults);
  });

  it('counts a run that began before the one before it ended', () => {
    const runs: Run[] = [
      [0, 'a', 0, 10],
      [1, 'a', 9, 20],
    ];
    expect(findFaults(runs, 2)).toEqual({ ...noFaults, overlaps: 1 });
  });

  it('counts an overlap with an earlier run than the last one', () => {
    const runs: Run[] = [
      [0, 'a', 0, 100],
      [1, 'a', 10, 20],
      [2, 'a', 30, 40],
    ];
    expect(findFaults(runs, 3)).toEqual({ ...noFaults, overlaps: 2 });
  });

  it('counts a task that began after a later one', () => {
    const runs: Run[] = [
      [1, 'a', 0, 10],
      [0, 'a', 10, 20],
      [2, 'a', 20, 30],
    ];
    expect(findFaults(runs, 3)).toEqual({ ...noFaults, disorder: 1 });
  });

  it('counts what is missing and what ran twice', () => {
    const runs: Run[] = [
      [0, 'a', 0, 10],
      [0, 'a', 10, 20],
    ];
    expect(findFaults(runs, 3)).toEqual({ ...noFaults, missing: 2, repeated: 1 });
  });
});

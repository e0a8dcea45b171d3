/** The verdict of the demo and of the scenarios rests on these checks: each has to find what it is there for. */
import { describe, expect, it } from '@jest/globals';
import { toAttempts, toBatches } from '../../../../tools/scenarios/support/attempts.mjs';
import {
  findBusiestMoment,
  findDisorder,
  findLongBatches,
  findMissing,
  findOverlaps,
  findReRuns,
  findRepeats,
  findUnknown,
} from '../../../../tools/scenarios/support/checks.mjs';

/** `[sequence, startMs, endMs, overrides]` → an attempt of tag `a` on worker `w`. */
function attempt([sequence, startMs, endMs, overrides = {}]) {
  return {
    taskId: `${overrides.tag ?? 'a'}-${sequence}`,
    tag: 'a',
    sequence,
    worker: 'w',
    instance: '0',
    pid: 1,
    batchPosition: 1,
    fencingToken: 1,
    startMs,
    endMs,
    outcome: 'completed',
    ...overrides,
  };
}

const attemptsOf = (...rows) => rows.map(attempt);
const DEAD = new Set([1]);

describe('findOverlaps', () => {
  it('accepts attempts that touch', () => {
    expect(findOverlaps(attemptsOf([1, 0, 10], [2, 10, 20]))).toEqual([]);
  });

  it('finds a start before the end of the one before', () => {
    expect(findOverlaps(attemptsOf([1, 0, 10], [2, 9, 20]))).toHaveLength(1);
  });

  it('finds one inside a long one, also after a short one', () => {
    expect(findOverlaps(attemptsOf([1, 0, 100], [2, 10, 20], [3, 30, 40]))).toHaveLength(2);
  });

  it('takes one that never ended as running on', () => {
    expect(findOverlaps(attemptsOf([1, 0, Infinity, { outcome: 'running' }], [2, 50, 60]))).toHaveLength(1);
  });

  it('ignores other tags', () => {
    expect(findOverlaps(attemptsOf([1, 0, 10], [1, 5, 8, { tag: 'b' }]))).toEqual([]);
  });
});

describe('findDisorder', () => {
  it('accepts the order of the input', () => {
    expect(findDisorder(attemptsOf([1, 0, 1], [2, 2, 3], [3, 4, 5]))).toEqual([]);
  });

  it.each([
    [
      'a skipped task',
      [
        [1, 0, 1],
        [3, 2, 3],
      ],
    ],
    [
      'a swapped pair',
      [
        [2, 0, 1],
        [1, 2, 3],
      ],
    ],
    [
      'a late task',
      [
        [1, 0, 1],
        [2, 2, 3],
        [1, 4, 5],
      ],
    ],
    [
      'a repeated task',
      [
        [1, 0, 1],
        [1, 2, 3],
      ],
    ],
  ])('finds %s', (_what, rows) => {
    expect(findDisorder(attemptsOf(...rows)).length).toBeGreaterThan(0);
  });

  it('finds a task that starts although the failed one before it has not been retried', () => {
    expect(findDisorder(attemptsOf([1, 0, 1, { outcome: 'failed' }], [2, 2, 3]))).toHaveLength(1);
  });

  it('accepts the retry of a failed task and the re-run after a death, before the next task', () => {
    const died = { outcome: 'died' };
    expect(findDisorder(attemptsOf([1, 0, 1, { outcome: 'failed' }], [1, 2, 3], [2, 4, 5]))).toEqual([]);
    expect(findDisorder(attemptsOf([1, 0, 1, died], [1, 2, 3, { pid: 2 }], [2, 4, 5, { pid: 2 }]))).toEqual(
      [],
    );
  });

  it('accepts the re-run of a completed task only when its process died, because its commit may be lost', () => {
    const rows = attemptsOf([1, 0, 1], [1, 2, 3, { pid: 2 }]);
    expect(findDisorder(rows, DEAD)).toEqual([]);
    expect(findDisorder(rows)).toHaveLength(1);
  });
});

describe('findRepeats and findReRuns', () => {
  it('tell a task that ran twice without need from one whose process died', () => {
    const rows = attemptsOf([1, 0, 1], [1, 2, 3, { pid: 2 }]);
    expect(findRepeats(rows)).toHaveLength(1);
    expect(findRepeats(rows, DEAD)).toEqual([]);
    expect(findReRuns(rows, DEAD)).toHaveLength(1);
  });
});

describe('findMissing, findUnknown, findLongBatches', () => {
  it('compare with the input', () => {
    const rows = attemptsOf([1, 0, 1], [2, 2, 3, { outcome: 'failed' }], [9, 4, 5]);
    expect(findMissing(['a-1', 'a-2', 'a-3'], rows)).toEqual(['a-2', 'a-3']);
    expect(findUnknown(['a-1', 'a-2'], rows)).toEqual(['a-9']);
  });

  it('count what one bind ran', () => {
    const rows = attemptsOf([1, 0, 1], [2, 2, 3], [3, 4, 5, { fencingToken: 2 }]);
    expect(toBatches(rows).map((batch) => batch.length)).toEqual([2, 1]);
    expect(findLongBatches(rows, 2)).toEqual([]);
    expect(findLongBatches(rows, 1)).toHaveLength(1);
  });
});

describe('findBusiestMoment', () => {
  it('counts workers that run at once, each on a tag of its own', () => {
    const other = { worker: 'x', tag: 'b' };
    expect(findBusiestMoment(attemptsOf([1, 0, 10], [1, 5, 15, other])).workers.size).toBe(2);
    expect(findBusiestMoment(attemptsOf([1, 0, 5], [1, 5, 15, other])).workers.size).toBe(1);
  });
});

describe('toAttempts', () => {
  const line = (event, monotonicMs, more = {}) => ({
    ...{ event, taskId: 't', tag: 'a', worker: 'w', pid: 1, monotonicMs, ...more },
  });

  it('pairs starts with ends', () => {
    const [found] = toAttempts([line('started', 1), line('ended', 4, { outcome: 'completed' })]);
    expect(found).toMatchObject({ startMs: 1, endMs: 4, outcome: 'completed' });
  });

  it('ends what ran in a killed process at its death, and nothing else', () => {
    const lines = [line('started', 1), line('started', 2, { pid: 2, taskId: 'u' })];
    expect(toAttempts(lines, new Map([[1, 7]]))).toMatchObject([
      { taskId: 't', endMs: 7, outcome: 'died' },
      { taskId: 'u', endMs: Infinity, outcome: 'running' },
    ]);
  });
});

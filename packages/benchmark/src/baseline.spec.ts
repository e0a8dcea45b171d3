import { describe, expect, it } from '@jest/globals';
import { comparisonLines, ratiosOf } from './baseline.js';
import { aResult, aRun } from './statistics/a-run.fixture.js';
import { Figures } from './statistics/figures.js';

describe('baseline', () => {
  it('keeps ratios to the peers, not absolute figures', () => {
    const run = aRun([
      aResult('process', 'tasksPerSecond', { affinity: [300], groupmq: [200], bullmq: [100] }),
    ]);
    expect(ratiosOf(new Figures(run))).toEqual({
      'process.tasksPerSecond / groupmq': 1.5,
      'process.tasksPerSecond / bullmq': 3,
    });
  });

  it('prints the new ones beside the kept ones', () => {
    const lines = comparisonLines(
      { faster: 1.5, slower: 0.5, fresh: 1 },
      { packages: {}, ratios: { faster: 1, slower: 1 } },
    );
    expect(lines).toEqual([
      'faster  1.50 ×  (was 1.00, +50 %)',
      'slower  0.50 ×  (was 1.00, −50 %)',
      'fresh   1.00 ×  (new)',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { missedBars } from './missed-bars.js';

const quick = (count: number): number[] => Array.from({ length: count }, () => 900);

describe('a run misses a bar', () => {
  it.each([
    ['failover', 'leaderCrash', 1_600],
    ['failover', 'resignation', 250],
    ['failover', 'workerCrash', 2_100],
    ['same-host', 'seenCrash', 1_100],
    ['rolling', 'standstill', 1_050],
  ])('%s: by one %s of %i ms', (experiment, sample, ms) => {
    expect(missedBars(experiment, { [sample]: [ms] }).join()).toContain(`: ${ms} ms`);
    expect(missedBars(experiment, { [sample]: [ms / 2] })).toEqual([]);
  });

  it('by the p99 of all its samples', () => {
    expect(missedBars('failover', { leaderCrash: [...quick(98), 1_600, 1_600] })).toHaveLength(1);
  });

  it('not by a single one that the p99 allows', () => {
    expect(missedBars('failover', { leaderCrash: [...quick(99), 1_600] })).toEqual([]);
  });

  it('only in the experiment that is there to time it', () => {
    expect(missedBars('random', { leaderCrash: [1_600] })).toEqual([]);
    expect(missedBars('every-step', { workerCrash: [9_000] })).toEqual([]);
  });
});

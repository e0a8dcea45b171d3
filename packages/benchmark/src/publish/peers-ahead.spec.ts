import { describe, expect, it } from '@jest/globals';
import { aResult, aRun } from '../statistics/a-run.fixture.js';
import { Figures } from '../statistics/figures.js';
import { peersAheadTable } from './peers-ahead.js';

const ahead = (...results: ReturnType<typeof aResult>[]): string =>
  peersAheadTable(new Figures(aRun(results)));

describe('peersAheadTable', () => {
  it('lists what is higher and should be, and what is lower and should be', () => {
    const text = ahead(
      aResult('process', 'tasksPerSecond', { affinity: [100], groupmq: [150], bullmq: [90] }),
      aResult('latency', 'p99Ms', { affinity: [4], groupmq: [5], bullmq: [2] }),
    );
    expect(text).toMatch(/title of process: tasks\/s +\| GroupMQ \| 150 +\| 100 +\| 1\.50 × /);
    expect(text).toMatch(/title of latency: p99, ms +\| BullMQ +\| 2\.00 +\| 4\.00 +\| 2\.00 × /);
    expect(text.split('\n')).toHaveLength(4);
  });

  it('says so where there is none, and leaves noise out', () => {
    expect(ahead(aResult('process', 'tasksPerSecond', { affinity: [100], bullmq: [102] }))).toBe(
      'In no figure of this run.',
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { machineTable } from '../report/markdown/sections.js';
import { aResult, aRun } from '../statistics/a-run.fixture.js';
import { Figures } from '../statistics/figures.js';
import { withLater } from './results.js';

describe('withLater', () => {
  const earlier = aRun([
    aResult('add', 'tasksPerSecond', { affinity: [1] }),
    aResult('process', 'tasksPerSecond', { affinity: [2] }),
  ]);
  const cases = [
    aResult('add', 'tasksPerSecond', { affinity: [30] }),
    aResult('mixed', 'tasksPerSecond', { affinity: [40] }),
  ];
  const both = withLater(earlier, { ...aRun(cases), startedAt: '2026-02-03T00:00:00.000Z', seconds: 1 });

  it('puts cases in their old places or at the end, and keeps the others', () => {
    expect(both.cases.map(({ name }) => name)).toEqual(['add', 'process', 'mixed']);
    const figures = new Figures(both);
    const rates = both.cases.map(({ name }) => figures.median(name, 'affinity', 'tasksPerSecond'));
    expect(rates).toEqual([30, 2, 40]);
  });

  it('stays the earlier run, and names what was measured by itself', () => {
    expect(both).toMatchObject({ startedAt: earlier.startedAt, seconds: earlier.seconds });
    expect(machineTable(both)).toContain('add (2026-02-03), mixed (2026-02-03)');
    expect(machineTable(earlier)).not.toContain('measured by itself');
  });
});

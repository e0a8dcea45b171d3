import { describe, expect, it } from '@jest/globals';
import { aResult, aRun } from '../../statistics/a-run.fixture.js';
import { Figures } from '../../statistics/figures.js';
import { linearTicks, logScale } from './axis.js';
import { drawCharts } from './index.js';

describe('axis', () => {
  it.each([
    [23_664, [0, 5_000, 10_000, 15_000, 20_000, 25_000]],
    [100, [0, 20, 40, 60, 80, 100]],
    [0.9, [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]],
  ])('goes in round steps from 0 to at least %d', (max, ticks) => {
    expect(linearTicks(max)).toEqual(ticks);
  });

  it('places values by their logarithm', () => {
    const { ticks, position } = logScale(1_000, 1_000_000);
    expect(ticks).toEqual([1_000, 10_000, 100_000, 1_000_000]);
    expect([position(1_000), position(1_000_000)]).toEqual([0, 1]);
    expect(position(10_000)).toBeCloseTo(1 / 3);
  });
});

describe('drawCharts', () => {
  it('draws what was measured and nothing else', () => {
    const point = (value: number) => ({
      ...aResult(`backlog-${value}`, 'redisMicrosPerTask', { affinity: [50] }, 'backlog'),
      x: { label: 'pending', value },
    });
    const charts = drawCharts(
      new Figures(
        aRun([aResult('process', 'tasksPerSecond', { affinity: [9_000] }), point(1_000), point(10_000)]),
      ),
    );
    expect(charts.map(({ name }) => name)).toEqual(['throughput', 'backlog']);
    expect(charts[0]?.svg).toContain('>9,000</text>');
  });

  it('draws a bar as long as its value', () => {
    const [chart] = drawCharts(
      new Figures(aRun([aResult('process', 'tasksPerSecond', { affinity: [10_000], bullmq: [5_000] })])),
    );
    const widths = [...(chart?.svg.matchAll(/width="([\d.]+)" height="18"/g) ?? [])].map(([, width]) =>
      Number(width),
    );
    expect(widths).toEqual([510, 255]);
  });
});

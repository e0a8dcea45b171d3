import type { BenchCase } from '../../cases/bench-case.js';
import type { MetricName } from '../../cases/metrics.js';
import { realPeers, type PeerName } from '../../peers/names.js';
import type { CaseResult } from '../../run/results.js';
import type { Figures } from '../../statistics/figures.js';
import { quantile, summarise } from '../../statistics/statistics.js';
import { barChart, type BarGroup } from './bar-chart.js';
import { lineChart, type LineChart, type Point } from './line-chart.js';

export interface Chart {
  /** Without its ending. */
  readonly name: string;
  readonly svg: string;
}

const standardLoad =
  '10 workers, 200 tags; median of the rounds, the thin line from the smallest to the largest';

/** The charts for what a run has measured. */
export function drawCharts(figures: Figures): Chart[] {
  const charts = [
    bars(figures, 'throughput', 'Throughput', standardLoad, 'tasks per second', [
      ['process', 'tasksPerSecond', 'process, no-op'],
      ['mixed', 'tasksPerSecond', 'add and process, 4 processes'],
      ['add-bulk', 'tasksPerSecond', 'add, 500 at a time'],
      ['add-single', 'tasksPerSecond', 'add, one by one'],
    ]),
    waitChart(figures),
    bars(figures, 'cpu', 'CPU time per task', standardLoad, 'µs per task', [
      ['process', 'redisMicrosPerTask', 'Redis, add to completed'],
      ['process', 'nodeMicrosPerTask', 'Node, processing'],
    ]),
    bars(figures, 'memory', 'Redis memory per pending task', 'payload of 100 bytes', 'bytes per task', [
      ['memory-10', 'bytesPerTask', '10 tasks a tag'],
      ['memory-1', 'bytesPerTask', '1 task a tag'],
    ]),
    bars(
      figures,
      'hold',
      'Longest that one script holds Redis',
      'the longest of each round; median of the rounds',
      'ms',
      [
        ['hold-100kb', 'longestHoldMs', 'payloads of 100 KB'],
        ['backlog-100000', 'longestHoldMs', '100,000 pending'],
        ['backlog-1000000', 'longestHoldMs', '1,000,000 pending'],
      ],
    ),
    latencyChart(figures),
    series(figures, 'backlog', 'redisMicrosPerTask', {
      title: 'Redis CPU to dispatch, run and complete a task, against the backlog',
      subtitle: '10 tasks a tag, 10 workers, no-op',
      yLabel: 'µs of Redis CPU per task',
    }),
    ...growthCharts(figures),
  ];
  return charts.filter((chart) => chart !== undefined);
}

function growthCharts(figures: Figures): (Chart | undefined)[] {
  const yLabel = 'tasks per second';
  return [
    series(figures, 'tags', 'tasksPerSecond', {
      title: 'Throughput against tags',
      subtitle: 'no-op, 10 workers',
      yLabel,
    }),
    series(figures, 'workers', 'tasksPerSecond', {
      title: 'Throughput against workers',
      subtitle: 'no-op, 200 tags',
      yLabel,
    }),
    series(figures, 'batch', 'tasksPerSecond', {
      title: 'Throughput against maxBatchSize',
      subtitle: 'no-op, 10 workers, 20 tags',
      yLabel,
    }),
    series(figures, 'instances', 'tasksPerSecond', {
      title: 'Throughput against instances on one machine',
      subtitle: 'every instance adds and processes, 10 workers each',
      yLabel,
    }),
  ];
}

type BarRow = readonly [caseName: BenchCase['name'], metric: MetricName, label: string];

function bars(
  figures: Figures,
  name: string,
  title: string,
  subtitle: string,
  unit: string,
  rows: readonly BarRow[],
): Chart | undefined {
  const groups = rows.map(([caseName, metric, label]): BarGroup => ({
    label,
    bars: realPeers.flatMap((peer) => {
      const summary = figures.summary(caseName, peer, metric);
      return summary ? [{ peer, summary }] : [];
    }),
  }));
  if (groups.every((group) => group.bars.length === 0)) return undefined;
  return { name, svg: barChart({ title, subtitle, unit, groups }) };
}

/** Each round's rate as a share of the ideal's median. */
function waitChart(figures: Figures): Chart | undefined {
  const groups = figures.group('wait').map((result): BarGroup => {
    const ideal = figures.median(result.name, 'ideal', 'tasksPerSecond');
    return {
      label: `handler waits ${result.x?.value ?? '?'} ms`,
      bars: realPeers.flatMap((peer) => {
        const summary = figures.summary(result.name, peer, 'tasksPerSecond');
        return summary && ideal
          ? [{ peer, summary: summarise(summary.values.map((value) => (100 * value) / ideal)) }]
          : [];
      }),
    };
  });
  if (groups.every((group) => group.bars.length === 0)) return undefined;
  const subtitle = 'the ideal is the same handler in a bare loop of 10 lanes';
  return {
    name: 'wait',
    svg: barChart({ title: 'Share of the ideal rate', subtitle, unit: '% of the ideal', groups }),
  };
}

function latencyChart(figures: Figures): Chart | undefined {
  const lines = realPeers.flatMap((peer) => {
    const samples = figures.distribution('latency', peer, 'latencyMs');
    if (samples.length === 0) return [];
    const points = Array.from({ length: 101 }, (_, percent): Point => ({
      x: quantile(samples, percent / 100),
      y: percent,
    }));
    return [{ peer, points }];
  });
  if (lines.length === 0) return undefined;
  const svg = lineChart({
    title: 'Idle latency, from add to the start of the handler',
    subtitle: 'one task at a time on an idle system; all rounds together',
    xLabel: 'ms (logarithmic)',
    yLabel: '% of the tasks that started within',
    series: lines,
    dots: false,
  });
  return { name: 'latency', svg };
}

type SeriesText = Pick<LineChart, 'title' | 'subtitle' | 'yLabel'>;

function series(figures: Figures, group: string, metric: MetricName, about: SeriesText): Chart | undefined {
  const results = figures.group(group).filter(({ x }) => x !== undefined);
  const lines = realPeers
    .map((peer) => ({ peer, points: pointsOf(figures, results, peer, metric) }))
    .filter(({ points }) => points.length > 1);
  if (lines.length === 0) return undefined;
  const xLabel = `${results[0]?.x?.label ?? ''} (logarithmic)`;
  return { name: group, svg: lineChart({ ...about, xLabel, series: lines, dots: true }) };
}

function pointsOf(
  figures: Figures,
  results: readonly CaseResult[],
  peer: PeerName,
  metric: MetricName,
): Point[] {
  return results.flatMap(({ name, x }) => {
    const summary = figures.summary(name, peer, metric);
    return summary && x ? [{ x: x.value, y: summary.median, min: summary.min, max: summary.max }] : [];
  });
}

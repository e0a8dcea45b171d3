import { metrics, type MetricName } from '../cases/metrics.js';
import { peers } from '../peers/names.js';
import { formatNumber } from '../report/format.js';
import { table } from '../report/markdown/tables.js';
import type { Figures } from '../statistics/figures.js';

const headline: readonly MetricName[] = [
  'tasksPerSecond',
  'p50Ms',
  'p99Ms',
  'redisMicrosPerTask',
  'nodeMicrosPerTask',
  'bytesPerTask',
  'longestHoldMs',
  'connections',
  'commandsPerSecond',
];

/** Differences below this are noise. */
const leastDifference = 1.03;

/** Every headline figure in which a peer is better than this library in the run. */
export function peersAheadTable(figures: Figures): string {
  const rows = figures.results.cases.flatMap(({ name, title, metrics: measured }) =>
    headline
      .filter((metric) => measured.includes(metric))
      .flatMap((metric) =>
        (['groupmq', 'bullmq'] as const).flatMap((peer) => row(figures, name, title, metric, peer)),
      ),
  );
  return rows.length === 0
    ? 'In no figure of this run.'
    : table(['what', 'peer', 'its figure', 'ours', 'difference'], rows);
}

function row(
  figures: Figures,
  name: string,
  title: string,
  metric: MetricName,
  peer: 'groupmq' | 'bullmq',
): string[][] {
  const ours = figures.median(name, 'affinity', metric);
  const theirs = figures.median(name, peer, metric);
  if (ours === undefined || theirs === undefined) return [];
  const { label, digits, better } = metrics[metric];
  const factor = better === 'higher' ? theirs / ours : ours / theirs;
  if (factor < leastDifference) return [];
  const [theirText, ourText] = [theirs, ours].map((value) => formatNumber(value, digits)) as [string, string];
  return [[`${title}: ${label}`, peers[peer].title, theirText, ourText, `${formatNumber(factor, 2)} ×`]];
}

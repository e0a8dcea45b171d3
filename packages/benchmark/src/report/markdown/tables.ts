import { bars } from '../../bars/index.js';
import { metrics, type MetricName } from '../../cases/metrics.js';
import { peers, type PeerName } from '../../peers/names.js';
import type { CaseResult } from '../../run/results.js';
import type { Figures } from '../../statistics/figures.js';
import { formatNumber } from '../format.js';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? '')].map(width)),
  );
  const format = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell))).join(' | ')} |`;
  return [
    format(head),
    `| ${widths.map((size) => '-'.repeat(size)).join(' | ')} |`,
    ...rows.map(format),
  ].join('\n');
}

function width(cell: string): number {
  return [...cell].length;
}

/** Every bar, what this run found, and whether that passes. */
export function barsTable(figures: Figures): string {
  const rows = bars.map(({ what, bar, judge }) => {
    const verdict = judge(figures);
    if (verdict === undefined) return [what, bar, '', 'not measured'];
    const aim = verdict.aimReached ? ', aim reached' : '';
    return [what, bar, verdict.found, verdict.passed ? `pass${aim}` : '**miss**'];
  });
  return table(['what', 'bar', 'found', 'verdict'], rows);
}

/** One case: peers down, metrics across. */
export function caseTable(figures: Figures, { name, peers: measured, metrics: shown }: CaseResult): string {
  const rows = measured.map((peer) => [
    peers[peer].title,
    ...shown.map((metric) => cell(figures, name, peer, metric)),
  ]);
  return table(['', ...shown.map((metric) => metrics[metric].label)], rows);
}

/** A series: its values down, peers across, one metric. */
export function seriesTable(figures: Figures, results: readonly CaseResult[], metric: MetricName): string {
  const label = results[0]?.x?.label ?? '';
  return acrossPeers(figures, results, metric, label, ({ x }) => formatNumber(x?.value ?? 0));
}

/** Cases of a group: their titles down, peers across, one metric. */
export function groupTable(figures: Figures, results: readonly CaseResult[], metric: MetricName): string {
  return acrossPeers(figures, results, metric, metrics[metric].label, ({ title }) => title);
}

function acrossPeers(
  figures: Figures,
  results: readonly CaseResult[],
  metric: MetricName,
  heading: string,
  nameOf: (result: CaseResult) => string,
): string {
  const names = [...new Set(results.flatMap((result) => result.peers))];
  const rows = results.map((result) => [
    nameOf(result),
    ...names.map((peer) => cell(figures, result.name, peer, metric)),
  ]);
  return table([heading, ...names.map((peer) => peers[peer].title)], rows);
}

/** "median (min – max)", or the median alone where all rounds agree. */
function cell(figures: Figures, name: string, peer: PeerName, metric: MetricName): string {
  const summary = figures.summary(name, peer, metric);
  if (summary === undefined) return '–';
  const { digits } = metrics[metric];
  const { median, min, max } = summary;
  const all = formatNumber(median, digits);
  return min === max ? all : `${all} (${formatNumber(min, digits)} – ${formatNumber(max, digits)})`;
}

import { metrics } from '../../cases/metrics.js';
import { peers } from '../../peers/names.js';
import type { CaseResult, RunResults } from '../../run/results.js';
import type { Figures } from '../../statistics/figures.js';
import { formatNumber } from '../format.js';
import { caseTable, seriesTable, table } from './tables.js';

export function machineTable({ machine, cases, note, startedAt, seconds }: RunResults): string {
  const rounds = Math.max(0, ...cases.flatMap(({ samples }) => samples.map(({ round }) => round)));
  const later = cases.flatMap(({ name, measuredAt }) =>
    measuredAt === undefined ? [] : [`${name} (${measuredAt.slice(0, 10)})`],
  );
  const versions = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  return table(
    ['', ''],
    [
      ['CPU', `${machine.cpu}, ${machine.cores} cores`],
      ['memory', `${machine.memoryGiB} GiB`],
      ['system', machine.system],
      ['load before the run', String(machine.loadBefore)],
      ['Node', machine.node],
      ['Redis', `${machine.redis}, ${machine.durability}, on loopback`],
      ['packages', versions.join(', ')],
      ['rounds', `up to ${rounds}; peers in turn, each measurement in a fresh process on an empty Redis`],
      ['run', `${startedAt.slice(0, 10)}, ${formatNumber(seconds / 60, 1)} min`],
      ...(later.length > 0 ? [['measured by itself', later.join(', ')]] : []),
      ...(note === undefined ? [] : [['note', note]]),
    ],
  );
}

export function guaranteesTable(): string {
  const rows = Object.values(peers).map(({ title, guarantees }) => [title, guarantees]);
  return table(['peer', 'what it guarantees'], rows);
}

/** Cases of a group: a table each, or, for a series, a table for each metric. */
export function groupSection(figures: Figures, results: readonly CaseResult[]): string {
  const [first] = results;
  const isSeries = results.length > 1 && results.every(({ x }) => x !== undefined);
  if (first === undefined) return '';
  const tables = isSeries
    ? first.metrics.map((metric) => `${metrics[metric].label}:\n\n${seriesTable(figures, results, metric)}`)
    : results.map((result) => `${result.title}:\n\n${caseTable(figures, result)}`);
  const failures = results.flatMap(failureLines);
  return [...tables, ...(failures.length === 0 ? [] : [failures.join('\n')])].join('\n\n');
}

/** What failed in the whole run, and is missing in its figures. */
export function failuresList({ cases }: RunResults): string {
  const lines = cases.flatMap(failureLines);
  return lines.length === 0
    ? 'No measurement failed.'
    : `These measurements failed; the figures are of the other rounds:\n\n${lines.join('\n')}`;
}

function failureLines({ name, failures }: CaseResult): string[] {
  return failures.map(
    ({ peer, round, reason }) => `- ${name}, ${peers[peer].title}, round ${round} failed: ${reason}`,
  );
}

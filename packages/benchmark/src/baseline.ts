import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { MetricName } from './cases/metrics.js';
import type { PeerName } from './peers/names.js';
import { formatNumber } from './report/format.js';
import type { Figures } from './statistics/figures.js';

/** The ratios of the last quick run that was kept; committed, so that a change shows beside it. */
export interface Baseline {
  readonly packages: Readonly<Record<string, string>>;
  readonly ratios: Readonly<Record<string, number>>;
}

const file = fileURLToPath(new URL('../baseline.json', import.meta.url));

const watched: readonly (readonly [caseName: string, metric: MetricName, other: PeerName])[] = [
  ['process', 'tasksPerSecond', 'groupmq'],
  ['process', 'tasksPerSecond', 'bullmq'],
  ['process', 'redisMicrosPerTask', 'bullmq'],
  ['process', 'nodeMicrosPerTask', 'bullmq'],
  ['wait-1ms', 'tasksPerSecond', 'ideal'],
  ['wait-10ms', 'tasksPerSecond', 'ideal'],
  ['add-bulk', 'tasksPerSecond', 'bullmq'],
  ['add-single', 'tasksPerSecond', 'bullmq'],
  ['latency', 'p50Ms', 'bullmq'],
  ['memory-10', 'bytesPerTask', 'bullmq'],
  ['memory-1', 'bytesPerTask', 'bullmq'],
  ['backlog-1000', 'redisMicrosPerTask', 'bullmq'],
];

export function ratiosOf(figures: Figures): Record<string, number> {
  const found = watched.flatMap(([caseName, metric, other]) => {
    const ratio = figures.ratio(caseName, metric, 'affinity', other);
    return ratio === undefined
      ? []
      : [[`${caseName}.${metric} / ${other}`, Math.round(ratio * 1_000) / 1_000] as const];
  });
  return Object.fromEntries(found);
}

/** @returns `undefined` where none was kept yet */
export async function readBaseline(): Promise<Baseline | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Baseline;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function saveBaseline(figures: Figures): Promise<void> {
  const baseline: Baseline = { packages: figures.results.machine.packages, ratios: ratiosOf(figures) };
  await writeFile(file, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** The new ratios beside the kept ones. A comparison for people: it never fails, because machines differ and are noisy. */
export function comparisonLines(
  ratios: Readonly<Record<string, number>>,
  baseline: Baseline | undefined,
): string[] {
  const widest = Math.max(...Object.keys(ratios).map((name) => name.length));
  return Object.entries(ratios).map(([name, ratio]) => {
    const before = baseline?.ratios[name];
    const change =
      before === undefined ? 'new' : `was ${formatNumber(before, 2)}, ${percent(ratio / before - 1)}`;
    return `${name.padEnd(widest)}  ${formatNumber(ratio, 2)} ×  (${change})`;
  });
}

function percent(change: number): string {
  return `${change >= 0 ? '+' : '−'}${formatNumber(Math.abs(change) * 100)} %`;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResults } from '../run/results.js';
import { Figures } from '../statistics/figures.js';
import { drawCharts } from './charts/index.js';
import { markdownReport } from './markdown/report.js';

/** Writes results.json, results.md and the charts into a folder; returns their names. */
export async function writeReport(results: RunResults, folder: string): Promise<string[]> {
  const figures = new Figures(results);
  const charts = drawCharts(figures);
  const files: readonly (readonly [string, string])[] = [
    ['results.json', `${JSON.stringify(results, null, 1)}\n`],
    ['results.md', markdownReport(figures, charts)],
    ...charts.map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ];
  await mkdir(folder, { recursive: true });
  await Promise.all(files.map(([name, content]) => writeFile(join(folder, name), content)));
  return files.map(([name]) => name);
}

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
    ['results.md', markdownReport(figures, charts)],
    ...charts.map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ];
  const resultsFile = await writeResults(results, folder);
  await Promise.all(files.map(([name, content]) => writeFile(join(folder, name), content)));
  return [resultsFile, ...files.map(([name]) => name)];
}

export async function writeResults(results: RunResults, folder: string): Promise<string> {
  const name = 'results.json';
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `${JSON.stringify(results, null, 1)}\n`);
  return name;
}

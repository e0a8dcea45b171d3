import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeReport } from '../report/write-report.js';
import type { RunResults } from '../run/results.js';
import { Figures } from '../statistics/figures.js';
import { fillPlaceholders } from './placeholders.js';

const template = new URL('../../PERFORMANCE.template.md', import.meta.url);
const document = new URL('../../../../PERFORMANCE.md', import.meta.url);
const folder = fileURLToPath(new URL('../../published', import.meta.url));
const folderFromDocument = 'packages/benchmark/published';

/** Makes PERFORMANCE.md from its template and a run, and keeps the run beside the benchmark. */
export async function publish(results: RunResults): Promise<string[]> {
  const text = fillPlaceholders(await readFile(template, 'utf8'), new Figures(results), folderFromDocument);
  await rm(folder, { recursive: true, force: true });
  const files = await writeReport(results, folder);
  await writeFile(document, text);
  return ['PERFORMANCE.md', ...files.map((name) => `${folderFromDocument}/${name}`)];
}

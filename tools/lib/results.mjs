import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ROOT } from './run.mjs';

const ALLOWED_SKIPS = join(ROOT, 'tools', 'allowed-skips.json');
const SKIPPED = new Set(['pending', 'skipped', 'todo', 'disabled']);

/**
 * The sum over jest's reports. A file that did not even load counts as one failure.
 *
 * @param {string} folder
 * @returns {Promise<{ reports: number, passed: number, failed: number, skipped: string[] }>}
 */
export async function readResults(folder) {
  const total = { reports: 0, passed: 0, failed: 0, skipped: [] };
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const report = JSON.parse(await readFile(join(folder, name), 'utf8'));
    total.reports += 1;
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    for (const file of report.testResults) {
      const skipped = file.assertionResults.filter(({ status }) => SKIPPED.has(status));
      total.skipped.push(...skipped.map(({ fullName }) => `${relative(ROOT, file.name)}: ${fullName}`));
    }
  }
  return total;
}

/** Entries of tools/allowed-skips.json: `{ "test": "<file>: <full name>", "reason": "…" }`. */
export async function unlistedSkips(skipped) {
  const allowed = new Set(JSON.parse(await readFile(ALLOWED_SKIPS, 'utf8')).map(({ test }) => test));
  return skipped.filter((test) => !allowed.has(test));
}

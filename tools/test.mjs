/**
 * The gate: what CI runs. `npm test`, or `npm test -- --report <folder>` to keep jest's results.
 * Words after it go to jest: `npm test -- --testPathPatterns affinity`.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { install } from './lib/install.mjs';
import { readResults, unlistedSkips } from './lib/results.mjs';
import { StageError, runStages } from './lib/run.mjs';
import { build, jest, lint, redisAvailable, typecheck } from './lib/stages.mjs';

const { report, jestArgs } = readArguments(process.argv.slice(2));
const reportFolder = report ? resolve(report) : await mkdtemp(join(tmpdir(), 'affinity-report-'));
try {
  await mkdir(reportFolder, { recursive: true });
  await runStages([
    ['install', install],
    ['build', build],
    ['lint', () => lint()],
    ['types', typecheck],
    ['redis', redisAvailable],
    ['tests', () => jest({ args: jestArgs, reportFolder })],
    ['skips', refuseUnlistedSkips],
  ]);
} finally {
  if (!report) await rm(reportFolder, { recursive: true, force: true });
}

async function refuseUnlistedSkips() {
  const { passed, skipped } = await readResults(reportFolder);
  const unlisted = await unlistedSkips(skipped);
  console.log(`${passed} passed, ${skipped.length} skipped`);
  // A run that was narrowed down on the command line skips by intention.
  if (unlisted.length === 0 || jestArgs.length > 0) return;
  throw new StageError(`skipped, but not in tools/allowed-skips.json:\n  ${unlisted.join('\n  ')}`);
}

function readArguments(words) {
  const index = words.indexOf('--report');
  if (index === -1) return { report: undefined, jestArgs: words };
  return { report: words[index + 1], jestArgs: [...words.slice(0, index), ...words.slice(index + 2)] };
}

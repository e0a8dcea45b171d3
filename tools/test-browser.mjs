/**
 * `npm run test:browser`: the dashboard in a real Chromium, which CHROMIUM_PATH names or PATH has; nothing is downloaded.
 * `-- --report <folder>` keeps jest's results. With AFFINITY_SCREENSHOTS=1 the pictures of docs/images are made anew.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runStages } from './lib/run.mjs';
import { runJest } from './lib/stages.mjs';

const words = process.argv.slice(2);
const report = words[0] === '--report' ? resolve(words[1]) : undefined;
if (report) await mkdir(report, { recursive: true });
await runStages([
  ['install', install],
  [
    'browser',
    () =>
      runJest(join(ROOT, 'packages', 'core'), {
        args: ['--config', 'jest.browser.config.mjs', ...(report ? [] : words)],
        report: report && join(report, 'core-browser.json'),
      }),
  ],
]);

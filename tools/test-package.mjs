/**
 * `npm run test:package`: installs the packed library in fresh applications outside the workspace, on several versions
 * of Nest and Node. `-- --report <folder>` keeps jest's results.
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
    'package',
    () =>
      runJest(join(ROOT, 'packages', 'core'), {
        args: ['--config', 'jest.package.config.mjs', ...(report ? [] : words)],
        report: report && join(report, 'core-package.json'),
      }),
  ],
]);

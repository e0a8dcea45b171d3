/** `npm run chaos [-- options]`: installs, builds and runs packages/chaos. */
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runCommand, runStages } from './lib/run.mjs';
import { build } from './lib/stages.mjs';

const words = process.argv.slice(2);

await runStages([
  ['install', install],
  ['build', build],
  [
    'chaos',
    // Relative paths on the command line are the caller's.
    () =>
      runCommand(process.execPath, [join(ROOT, 'packages', 'chaos', 'dist', 'main.js'), ...words], {
        cwd: process.env.INIT_CWD ?? process.cwd(),
      }),
  ],
]);

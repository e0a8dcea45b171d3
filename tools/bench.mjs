/** `npm run bench -- [arguments]`: installs, builds and runs packages/benchmark, which gets a Redis of its own. */
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runCommand, runStages } from './lib/run.mjs';
import { build } from './lib/stages.mjs';

await runStages([
  ['install', install],
  ['build', build],
  ['benchmark', runBenchmark],
]);

function runBenchmark() {
  const cwd = join(ROOT, 'packages', 'benchmark');
  return runCommand('npm', ['run', '--silent', 'bench', '--', ...process.argv.slice(2)], { cwd });
}

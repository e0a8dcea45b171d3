/** `npm run bench [-- options]`: installs, builds and runs packages/benchmark with a Redis server of its own. */
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runCommand, runStages } from './lib/run.mjs';
import { build } from './lib/stages.mjs';
import { acquireRedis } from './redis/index.mjs';

const words = process.argv.slice(2);

await runStages([
  ['install', install],
  ['build', build],
  ['benchmark', runBenchmark],
]);

async function runBenchmark() {
  const redis = await acquireRedis({ log: console.log });
  try {
    // Relative paths on the command line are the caller's.
    await runCommand(process.execPath, [join(ROOT, 'packages', 'benchmark', 'dist', 'main.js'), ...words], {
      cwd: process.env.INIT_CWD ?? process.cwd(),
      env: { BENCH_REDIS_URL: redis.url },
    });
  } finally {
    await redis.stop();
  }
}

/** All scenarios, one after the other, even when one has failed. */
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { runCommand } from '../lib/run.mjs';

const SCENARIOS = ['affinity', 'parallel', 'simple-worker', 'recovery', 'election'];

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (interrupted = true));

const failed = [];
for (const name of SCENARIOS) {
  if (interrupted) break;
  try {
    await runCommand(process.execPath, [fileURLToPath(new URL(`./${name}.mjs`, import.meta.url))]);
  } catch (error) {
    failed.push(`${name}: ${error.message}`);
  }
}

if (interrupted) console.error('\ninterrupted');
else if (failed.length > 0) console.error(styleText('red', `\nfailed:\n  ${failed.join('\n  ')}`));
else console.log(styleText('green', `\nall ${SCENARIOS.length} scenarios passed`));
if (interrupted || failed.length > 0) process.exitCode = 1;

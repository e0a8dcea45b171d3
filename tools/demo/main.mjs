/**
 * npm run demo: everything from a fresh clone to a verified run; see demo.mjs. This file needs nothing installed.
 */
import { install } from '../lib/install.mjs';
import { StageError } from '../lib/run.mjs';
import { build } from '../lib/stages.mjs';
import { Releases } from './releases.mjs';
import { readOptions } from './options.mjs';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

const releases = new Releases();
const interruption = new AbortController();
for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    if (interruption.signal.aborted) return;
    process.exitCode = exitCode;
    console.error(`\n${signal}: stopping everything that was started …`);
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}

const aborted = new Promise((_resolve, reject) => {
  interruption.signal.addEventListener('abort', () => reject(interruption.signal.reason));
});
try {
  await Promise.race([run(), aborted]);
} catch (error) {
  if (!interruption.signal.aborted) {
    // What is expected to go wrong says so in its message; anything else needs its stack.
    console.error(`\n✗ ${error instanceof StageError || error.expected ? error.message : error.stack}`);
    process.exitCode = 1;
  }
} finally {
  await releases.releaseAll();
}
// A run that was interrupted may still wait for something that no longer comes.
process.exit();

async function run() {
  const options = readOptions(process.argv.slice(2), process.env);
  heading('install');
  await install();
  heading('build');
  await build();
  const { runDemo } = await import('./demo.mjs');
  const succeeded = await runDemo({ options, releases, signal: interruption.signal, heading });
  if (!succeeded) process.exitCode = 1;
}

/** The stages check here whether they still should begin. */
function heading(text) {
  interruption.signal.throwIfAborted();
  console.log(`\n━━━ ${text} ━━━`);
}

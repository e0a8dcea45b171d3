/** node tools/ci-summary.mjs <report folder> <exit code of npm test>: prints the last line of .ci/run. */
import { readResults, unlistedSkips } from './lib/results.mjs';

const [folder, exitCode] = process.argv.slice(2);
const { reports, passed, failed, skipped } = await readResults(folder);
const unlisted = await unlistedSkips(skipped);

// A gate that failed outside the tests (install, lint, types, an unlisted skip) is a failure that jest did not count.
const failures = failed + unlisted.length || (exitCode === '0' && reports > 0 ? 0 : 1);
console.log(
  [
    `${passed} passed`,
    `${failures} failed`,
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
  ].join(', '),
);
process.exitCode = failures > 0 ? 1 : 0;

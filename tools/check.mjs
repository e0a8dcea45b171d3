/** The quick gate, for every commit: lint of what changed, types, unit tests of what changed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { ROOT, runStages } from './lib/run.mjs';
import { build, lint, typecheck, unit } from './lib/stages.mjs';

await runStages([
  ['install', install],
  ['build', build],
  ['lint', () => lint(changedFiles())],
  ['types', typecheck],
  ['unit tests', () => unit(['--onlyChanged'])],
]);

/** Since the last commit, new files included. */
function changedFiles() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  const changed = git('diff', '--name-only', '-z', '--diff-filter=d', 'HEAD');
  const added = git('ls-files', '--others', '--exclude-standard', '-z');
  return [...changed, ...added].filter((file) => existsSync(join(ROOT, file)));
}

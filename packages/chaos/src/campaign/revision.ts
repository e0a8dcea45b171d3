import { execFileSync } from 'node:child_process';
import { rootFolder } from '../paths.js';

/** What the campaign itself writes is none of the code that it runs. */
const code = ['.', ':!docs', ':!packages/chaos/results.json', ':!packages/chaos/every-step-*.json'];

/** The commit of the code in a folder, with a "+" where the code has been changed since; nothing where there is no git. */
export function revision(folder = rootFolder): string | undefined {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', ...code) === '' ? '' : '+'}`;
  } catch {
    return undefined;
  }
}

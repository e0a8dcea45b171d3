import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { coreFolder } from '../paths.js';
import type { EpisodeOutcome, SearchFigures } from './outcome.js';

/** About two minutes, and 1.5 GiB; each depth takes 1.7 times as long as the one before. */
const depth = 12;

/** An outcome, and what the library's own test of the model found where it looked deeper than it usually does. */
export async function withDeepSearch(outcome: EpisodeOutcome, folder: string): Promise<EpisodeOutcome> {
  const report = join(folder, 'search.json');
  const words = ['--selectProjects', 'unit', '--testPathPatterns', 'test/model/search.spec'];
  const oneTest = ['--testNamePattern', 'finds nothing', '--maxWorkers', '1'];
  const env = {
    ...process.env,
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning --max-old-space-size=4096',
    AFFINITY_SEARCH_DEPTH: String(depth),
    AFFINITY_SEARCH_REPORT: report,
  };
  rmSync(report, { force: true });
  let problem: string | undefined;
  try {
    const jest = [join('node_modules', 'jest', 'bin', 'jest.js'), ...words, ...oneTest];
    await promisify(execFile)(process.execPath, jest, { cwd: coreFolder, env, maxBuffer: 10_000_000 });
  } catch (error) {
    // A violation: jest has printed the steps that lead to it.
    const { stderr = '' } = error as { stderr?: string };
    problem = stderr === '' ? String(error) : stderr.slice(-4_000);
  }
  const search = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as SearchFigures) : undefined;
  return {
    ...outcome,
    ...(search && { search, seconds: outcome.seconds + search.seconds }),
    ...(problem !== undefined && { problems: [...outcome.problems, problem], kept: folder }),
  };
}

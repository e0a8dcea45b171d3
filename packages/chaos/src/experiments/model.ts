import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { coreFolder } from '../paths.js';
import { withDeepSearch } from './deep-search.js';
import type { Experiment } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';

/** Always as many, so that seed and number say what an episode plays. */
const runsPerEpisode = 1_000;
/** The scripts against their invariants and against the model that is searched, and the checker against what the scripts witness. */
const specs = 'integration/scripts/(model|lock-step).spec|integration/history/witnessed-model.spec';

/** Random sequences of scripts against a small model: the tests of the library that do so, with many more runs. */
export const modelBy = (run: typeof runSpecs, search: typeof withDeepSearch): Experiment => ({
  name: 'model',
  about: 'random sequences of scripts against a small model; --faults is the number of sequences',
  defaultFaults: 10_000,
  async *episodes({ seed, faults, folder, progress }, from) {
    for (let episode = from; episode * runsPerEpisode < faults; episode += 1) {
      progress(`${episode * runsPerEpisode} sequences`);
      const outcome = await run(seed + episode, runsPerEpisode, folder);
      yield episode === 0 ? await search(outcome, folder) : outcome;
    }
  },
});

export const model = modelBy(runSpecs, withDeepSearch);

async function runSpecs(seed: number, runs: number, folder: string): Promise<EpisodeOutcome> {
  const startedAt = performance.now();
  const words = ['--selectProjects', 'integration', '--testPathPatterns', specs, '--maxWorkers', '1'];
  const jest = spawn(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js'), ...words], {
    cwd: coreFolder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
      AFFINITY_MODEL_RUNS: String(runs),
      AFFINITY_MODEL_SEED: String(seed),
    },
  });
  const printed: string[] = [];
  jest.stderr.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  const [code] = (await once(jest, 'exit')) as [number | null];
  return {
    ...{ experiment: 'model', seed, seconds: Math.round((performance.now() - startedAt) / 1_000) },
    counts: { processes: 1, records: 0, witnessEntries: 0, tasks: 0, starts: 0, commits: 0, faults: 0 },
    ...{ faults: [], violations: [], overlaps: {}, undecided: {}, stalls: 0, samples: {}, duplicates: {} },
    problems: code === 0 ? [] : [printed.join('').slice(-4_000)],
    sequences: code === 0 ? 3 * runs : 0,
    kept: code === 0 ? undefined : folder,
  };
}

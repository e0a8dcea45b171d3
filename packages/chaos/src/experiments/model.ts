import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { coreFolder } from '../paths.js';
import { withDeepSearch } from './deep-search.js';
import type { Experiment } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';

/** Always as many, so that seed and number say what an episode plays. */
const runsPerEpisode = 1_000;
/** By what a sequence is held against: the test of the library that plays it. */
export const sequenceKinds = {
  invariants: 'integration/scripts/model.spec',
  witness: 'integration/history/witnessed-model.spec',
  'lock-step': 'integration/scripts/lock-step.spec',
} as const;

export type SequenceKind = keyof typeof sequenceKinds;

const all = Object.keys(sequenceKinds) as SequenceKind[];

/** Random sequences of scripts: the tests of the library that play them, with many more runs. */
export const modelBy = (run: typeof runSpecs, search: typeof withDeepSearch): Experiment => ({
  name: 'model',
  about: 'random sequences of scripts, of each kind as many as --faults says, and a search of the model',
  defaultFaults: 10_000,
  countsSequences: true,
  async *episodes({ seed, faults, folder, only, progress }, from) {
    const kinds = only === undefined ? all : [kindOf(only)];
    for (let episode = from; episode * runsPerEpisode < faults; episode += 1) {
      progress(`${episode * runsPerEpisode} sequences`);
      const outcome = await run(kinds, seed + episode, runsPerEpisode, folder);
      yield episode === 0 && only === undefined ? await search(outcome, folder) : outcome;
    }
  },
});

export const model = modelBy(runSpecs, withDeepSearch);

function kindOf(only: string): SequenceKind {
  const found = all.find((kind) => kind === only);
  if (found === undefined) throw new Error(`There are no sequences "${only}", but: ${all.join(', ')}`);
  return found;
}

async function runSpecs(
  kinds: readonly SequenceKind[],
  seed: number,
  runs: number,
  folder: string,
): Promise<EpisodeOutcome> {
  const specs = kinds.map((kind) => sequenceKinds[kind]).join('|');
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
    sequences: code === 0 ? Object.fromEntries(kinds.map((kind) => [kind, runs])) : {},
    kept: code === 0 ? undefined : folder,
  };
}

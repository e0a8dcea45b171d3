import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seededBugs, witnessedScripts } from '../witness/test-build.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';
import { problemKind } from './problem-kinds.js';
import { randomFaults } from './random-faults.js';

/** As many as an episode of the random faults has. */
const faultCount = 25;

type Setup = Pick<CampaignSetup, 'seed' | 'folder' | 'attempts' | 'progress'>;

/**
 * Each mistake that the sources of the scripts know, one after the other, in episodes of random faults until one finds
 * something: whether the campaign would notice. What it finds is its success, and no violation of the library's.
 */
export const bugsBy = (
  mistakes: typeof seededBugs,
  play: (bug: string, seed: number, setup: Setup) => Promise<EpisodeOutcome>,
): Experiment => ({
  name: 'bugs',
  about: 'random faults on scripts with a mistake, for each mistake that the sources know: which are found?',
  defaultFaults: Number.POSITIVE_INFINITY,
  async *episodes(setup, from) {
    for (const [number, bug] of mistakes().entries()) {
      if (number < from) continue;
      setup.progress(bug);
      yield await look(bug, setup.seed + number * setup.attempts, setup, play);
    }
  },
});

export const bugs = bugsBy(seededBugs, playBug);

async function look(
  bug: string,
  seed: number,
  setup: Setup,
  play: (bug: string, seed: number, setup: Setup) => Promise<EpisodeOutcome>,
): Promise<EpisodeOutcome> {
  const by = new Set<string>();
  let seconds = 0;
  let attempts = 0;
  // Episodes are played apart and as on one host by turns.
  while (attempts < setup.attempts && by.size === 0) {
    const outcome = await play(bug, seed + attempts, setup);
    attempts += 1;
    seconds += outcome.seconds;
    for (const { invariant } of outcome.violations) by.add(invariant);
    for (const problem of outcome.problems) by.add(problemKind(problem));
  }
  return {
    ...{ experiment: 'bugs', seed, seconds },
    counts: { processes: 1, records: 0, witnessEntries: 0, tasks: 0, starts: 0, commits: 0, faults: 0 },
    ...{ faults: [], violations: [], problems: [], overlaps: {}, undecided: {}, stalls: 0, samples: {} },
    duplicates: {},
    mistake: { name: bug, episodes: attempts, foundBy: [...by].sort() },
    kept: undefined,
  };
}

async function playBug(bug: string, seed: number, { folder, progress }: Setup): Promise<EpisodeOutcome> {
  const place = join(folder, 'with-a-mistake');
  mkdirSync(place, { recursive: true });
  const scripts = await witnessedScripts(place, bug);
  const outcome = await randomFaults({
    ...{ experiment: 'bugs', seed, folder: place, scripts, faultCount, endsAtProblem: true },
    onFault: (fault) => {
      progress(`${bug}: ${fault}`);
    },
  });
  // A history is for a failure that somebody has to look into.
  rmSync(place, { recursive: true });
  return outcome;
}

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seededBugs, witnessedScripts } from '../witness/test-build.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';
import { standstills } from './problem-kinds.js';
import { randomFaults } from './random-faults.js';

/** As many as an episode of the random faults has. */
const faultCount = 25;

type Setup = Pick<CampaignSetup, 'seed' | 'folder' | 'attempts' | 'progress'>;

/** Plays the episode of a seed with a mistake, or with none. */
type PlayBug = (bug: string | undefined, seed: number, setup: Setup) => Promise<EpisodeOutcome>;

/**
 * Each mistake that the sources of the scripts know, one after the other, in episodes of random faults until one finds
 * it: whether the campaign would notice. What it finds is its success, and no violation of the library's. Found is a violated
 * invariant, or a queue that stands still where the same episode without the mistake goes on: everything else that an episode
 * has for a problem may be the machine's.
 */
export const bugsBy = (mistakes: typeof seededBugs, play: PlayBug): Experiment => ({
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

async function look(bug: string, seed: number, setup: Setup, play: PlayBug): Promise<EpisodeOutcome> {
  const by = new Set<string>();
  let seconds = 0;
  let attempts = 0;
  // Episodes are played apart and as on one host by turns.
  while (attempts < setup.attempts && by.size === 0) {
    const outcome = await play(bug, seed + attempts, setup);
    attempts += 1;
    seconds += outcome.seconds;
    for (const { invariant } of outcome.violations) by.add(invariant);
    const still = standstills(outcome.problems);
    if (by.size > 0 || still.size === 0) continue;
    const control = await play(undefined, seed + attempts - 1, setup);
    seconds += control.seconds;
    const stillWithout = standstills(control.problems);
    for (const kind of still) if (!stillWithout.has(kind)) by.add(kind);
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

async function playBug(
  bug: string | undefined,
  seed: number,
  { folder, progress }: Setup,
): Promise<EpisodeOutcome> {
  const place = join(folder, 'with-a-mistake');
  mkdirSync(place, { recursive: true });
  const scripts = await witnessedScripts(place, bug);
  const outcome = await randomFaults({
    ...{ experiment: 'bugs', seed, folder: place, scripts, faultCount, endsAtProblem: true },
    onFault: (fault) => {
      progress(`${bug ?? 'without a mistake'}: ${fault}`);
    },
  });
  // A history is for a failure that somebody has to look into.
  rmSync(place, { recursive: true });
  return outcome;
}

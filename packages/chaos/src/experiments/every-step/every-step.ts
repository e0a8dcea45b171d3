import { SeededRandom } from '../../random/seeded-random.js';
import { queueOptions } from '../../stage/queue-names.js';
import { installedScripts } from '../../witness/test-build.js';
import { runEpisode, type EpisodeSetup } from '../episode.js';
import type { CampaignSetup, Experiment } from '../experiment.js';
import type { EpisodeOutcome } from '../outcome.js';
import { takeCensus } from './census.js';
import { KeptSteps } from './kept-steps.js';
import { planEpisodes, type PlannedEpisode } from './plan.js';
import { playPoints } from './play-points.js';
import { unsentScripts } from './unsent-scripts.js';
import { places, type Place, type Step } from './step.js';

/**
 * Every script and command that any part sends, in every phase: the process is killed just before and just after it. The first
 * episodes see what is sent; those after them go by what they have kept.
 */
export const everyStep: Experiment = {
  name: 'every-step',
  about: 'SIGKILL just before and just after each script and command reaches Redis, all of them',
  defaultFaults: Number.POSITIVE_INFINITY,
  async *episodes(setup, from) {
    const { seed, seedsPerPoint, stepsFile, progress } = setup;
    const kept = new KeptSteps(stepsFile);
    const steps: Record<Place, Step[]> = { apart: [], 'one host': [] };
    for (const [episode, place] of places.entries()) {
      const known = episode < from ? kept.of(place) : undefined;
      if (known !== undefined) {
        steps[place] = known;
        continue;
      }
      progress(`the census, ${place}`);
      const taken = await census(setup, episode, place);
      if (taken.steps === undefined) {
        // There is nothing to go by: the next chunk begins with it.
        yield taken.outcome;
        return;
      }
      steps[place] = taken.steps;
      // An episode that is played again must not change what the campaign goes by.
      if (setup.episodes === undefined) kept.save(place, taken.steps);
      if (episode < from) continue;
      const unsent = place === places.at(-1) ? await neverSent(Object.values(steps).flat()) : [];
      yield { ...taken.outcome, problems: [...taken.outcome.problems, ...unsent] };
    }
    const planned = planEpisodes(steps, seed, seedsPerPoint);
    const next = Math.max(from, places.length);
    for (const [index, one] of planned.entries())
      if (places.length + index >= next) yield await strike(setup, places.length + index, one);
  },
};

/** Of what there is, and is not excluded. */
async function neverSent(steps: readonly Step[]): Promise<string[]> {
  const known = new Set([...steps.map(({ name }) => name), ...Object.keys(unsentScripts)]);
  const { own } = await installedScripts();
  return own.filter((name) => !known.has(name)).map((name) => `the census never saw ${name}`);
}

/** @returns no steps if it broke off */
async function census(
  setup: CampaignSetup,
  episode: number,
  place: Place,
): Promise<{ outcome: EpisodeOutcome; steps: Step[] | undefined }> {
  let steps: Step[] | undefined;
  const outcome = await runEpisode({
    ...stageOf(setup, episode, place),
    experiment: 'every-step-census',
    play: async (cluster) => {
      steps = await takeCensus(cluster, new SeededRandom(setup.seed + episode), place);
    },
  });
  return { outcome, steps };
}

function strike(
  setup: CampaignSetup,
  episode: number,
  { place, points }: PlannedEpisode,
): Promise<EpisodeOutcome> {
  const random = new SeededRandom(setup.seed + episode);
  return runEpisode({
    ...stageOf(setup, episode, place),
    experiment: 'every-step',
    play: (cluster, play) => playPoints(cluster, play, { random, points, onPoint: setup.progress }),
  });
}

function stageOf(
  { seed, folder, scripts }: CampaignSetup,
  episode: number,
  place: Place,
): Omit<EpisodeSetup, 'play' | 'experiment'> {
  const options = queueOptions({ onOneHost: place === 'one host' });
  return { seed: seed + episode, folder, scripts, options };
}

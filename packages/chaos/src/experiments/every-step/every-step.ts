import { SeededRandom } from '../../random/seeded-random.js';
import { runEpisode } from '../episode.js';
import type { CampaignSetup, Experiment } from '../experiment.js';
import type { EpisodeOutcome } from '../outcome.js';
import { takeCensus } from './census.js';
import { playPoints } from './play-points.js';
import type { Point, Step } from './step.js';

const pointsPerEpisode = 30;
/** A step that comes often is met anywhere among its first occurrences. */
const latestOccurrence = 6;

/** Every script and command that any part sends, in every phase: the process is killed just before and just after it. */
export const everyStep: Experiment = {
  name: 'every-step',
  about: 'SIGKILL just before and just after each script and command reaches Redis, all of them',
  defaultFaults: Number.POSITIVE_INFINITY,
  async *episodes(setup, from) {
    const { seed, seedsPerPoint } = setup;
    setup.progress('taking the census');
    const { outcome, steps } = await census(setup);
    if (from === 0) yield outcome;
    const random = new SeededRandom(seed);
    const points = Array.from({ length: seedsPerPoint }, (_, round) => pointsOf(steps, round, random)).flat();
    const order = random.shuffled(points);
    setup.progress(`${steps.length} steps, ${order.length} points`);
    const episodes = Math.ceil(order.length / pointsPerEpisode);
    for (let episode = Math.max(1, from); episode <= episodes; episode += 1) {
      const begin = (episode - 1) * pointsPerEpisode;
      yield await strike(setup, episode, order.slice(begin, begin + pointsPerEpisode));
    }
  },
};

async function census({
  seed,
  folder,
  scripts,
}: CampaignSetup): Promise<{ outcome: EpisodeOutcome; steps: Step[] }> {
  let steps: Step[] = [];
  const outcome = await runEpisode({
    experiment: 'every-step-census',
    ...{ seed, folder, scripts },
    play: async (cluster) => {
      steps = await takeCensus(cluster, new SeededRandom(seed));
    },
  });
  return { outcome, steps };
}

function pointsOf(steps: readonly Step[], round: number, random: SeededRandom): Point[] {
  return steps.flatMap((step) =>
    (['before', 'after'] as const).map((when) => ({
      ...step,
      when,
      occurrence: round > 0 && step.phase === 'working' ? random.int(1, latestOccurrence) : 1,
    })),
  );
}

function strike(
  { seed, folder, scripts, progress }: CampaignSetup,
  episode: number,
  points: readonly Point[],
): Promise<EpisodeOutcome> {
  return runEpisode({
    experiment: 'every-step',
    seed: seed + episode,
    ...{ folder, scripts },
    play: (cluster, play) =>
      playPoints(cluster, play, { random: new SeededRandom(seed + episode), points, onPoint: progress }),
  });
}

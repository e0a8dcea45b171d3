import type { Experiment, CampaignSetup } from '../experiments/experiment.js';
import type { EpisodeOutcome } from '../experiments/outcome.js';
import { missedBars } from '../report/missed-bars.js';
import { addEpisode, addProblems, countedIn, newChunk, type Chunk } from './chunk.js';
import type { Machine } from './machine.js';
import type { Results } from './results.js';

export interface CampaignOptions extends CampaignSetup {
  readonly machine: Machine;
  /** Of the code that runs; nothing where there is no git. */
  readonly commit?: string | undefined;
  /** A mistake that the scripts have: what comes of it is no result. */
  readonly bug?: string | undefined;
  /** No further episode begins after that. */
  readonly chunkMinutes: number;
  /** Number of the first episode, instead of the one that comes next. */
  readonly from: number | undefined;
  /** Goes on after the last episode that the results have of this campaign. */
  readonly resume: boolean;
  readonly results: Results;
  readonly onEpisode: (outcome: EpisodeOutcome, chunk: Chunk) => void;
}

export interface CampaignEnd {
  readonly chunk: Chunk;
  /** Whether time was up before enough faults had counted. */
  readonly isUnfinished: boolean;
}

/** Plays episodes until enough faults have counted, the experiment has no more, or the time of the chunk is over. */
export async function runCampaign(experiment: Experiment, options: CampaignOptions): Promise<CampaignEnd> {
  const { seed, machine, commit, results, resume, chunkMinutes, onEpisode, episodes, bug } = options;
  const faults = episodes === undefined ? options.faults : Number.POSITIVE_INFINITY;
  const earlier = resume ? results.of(experiment.name, seed) : [];
  const from = options.from ?? Math.max(0, ...earlier.map(({ next }) => next));
  const counted = earlier.reduce((sum, chunk) => sum + countedIn(chunk), 0);
  const chunk = newChunk(experiment.name, seed, from, machine, commit);
  const deadline = performance.now() + chunkMinutes * 60_000;
  if (counted >= faults || episodes === 0) return { chunk, isUnfinished: false };
  const save = (): void => {
    if (episodes === undefined && bug === undefined) results.save(chunk);
  };
  let isUnfinished = false;
  try {
    for await (const outcome of experiment.episodes({ ...options, faults }, from)) {
      addEpisode(chunk, outcome);
      save();
      onEpisode(outcome, chunk);
      if (chunk.next - from === episodes || counted + countedIn(chunk) >= faults) break;
      isUnfinished = performance.now() > deadline;
      if (isUnfinished) break;
    }
  } catch (error) {
    // A chunk that fails belongs to the results as much as any other.
    const what = `the campaign broke off: ${String(error)}`;
    addProblems(chunk, [what]);
    chunk.note = what;
    save();
    throw error;
  }
  judge(chunk, earlier);
  save();
  return { chunk, isUnfinished };
}

/** Holds what was timed in all chunks of the campaign against the bars. */
function judge(chunk: Chunk, earlier: readonly Chunk[]): void {
  const samples: Record<string, number[]> = {};
  for (const [name, values] of [...earlier, chunk].flatMap((one) => Object.entries(one.samples)))
    samples[name] = [...(samples[name] ?? []), ...values];
  chunk.missedBars = missedBars(chunk.experiment, samples);
  addProblems(chunk, chunk.missedBars);
}

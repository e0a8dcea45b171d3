import { describe, expect, it } from '@jest/globals';
import { newChunk, addEpisode } from '../campaign/chunk.js';
import { bugsBy } from './bugs.js';
import type { CampaignSetup } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';

type Found = Partial<Pick<EpisodeOutcome, 'violations' | 'problems'>>;

const violation = (invariant: 'I2' | 'I3') => ({ invariant, message: '', evidence: [] });
const outcome = (found: Found): EpisodeOutcome =>
  ({ seconds: 30, violations: [], problems: [], ...found }) as unknown as EpisodeOutcome;

/** What comes of one mistake whose episodes find this, one after the other. */
async function mistakeOf(...episodes: Found[]) {
  const seeds: number[] = [];
  const bugs = bugsBy(
    () => ['another one', 'this one'],
    (_, seed) => {
      seeds.push(seed);
      return Promise.resolve(outcome(episodes[seeds.length - 1]!));
    },
  );
  const setup = { seed: 10, attempts: 3, progress: () => undefined } as unknown as CampaignSetup;
  const chunk = newChunk('bugs', 10, 1, {} as never);
  for await (const one of bugs.episodes(setup, 1)) addEpisode(chunk, one);
  return { chunk, seeds };
}

describe('a mistake', () => {
  it('is looked for until an episode finds something, by seeds of its own', async () => {
    const violations = [violation('I3'), violation('I2'), violation('I2')];
    const problems = ['DeadlineError: Waited 60000 ms in vain until the queue is quiet'];
    const { chunk, seeds } = await mistakeOf({}, { violations, problems });
    expect(seeds).toEqual([13, 14]);
    const foundBy = ['I2', 'I3', 'a queue that did not drain'];
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 2, foundBy } });
  });

  it('that is found is neither a violation nor a problem', async () => {
    const { chunk } = await mistakeOf({ violations: [violation('I2')] });
    expect(chunk).toMatchObject({ violations: 0, problems: 0, failedSeeds: [], seconds: 30 });
  });

  it('that no episode shows is written down as well', async () => {
    const { chunk, seeds } = await mistakeOf({}, {}, {});
    expect(seeds).toHaveLength(3);
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 3, foundBy: [] } });
  });
});

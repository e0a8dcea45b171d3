import { describe, expect, it } from '@jest/globals';
import { newChunk, addEpisode } from '../campaign/chunk.js';
import { bugsBy } from './bugs.js';
import type { CampaignSetup } from './experiment.js';
import type { EpisodeOutcome } from './outcome.js';

type Found = Partial<Pick<EpisodeOutcome, 'violations' | 'problems'>>;

const violation = (invariant: 'I2' | 'I3') => ({ invariant, message: '', evidence: [] });
const outcome = (found: Found): EpisodeOutcome =>
  ({ seconds: 30, violations: [], problems: [], ...found }) as unknown as EpisodeOutcome;

const deadline = 'DeadlineError: Waited 60000 ms in vain until the queue is quiet';

/**
 * What comes of one mistake whose episodes find this, one after the other.
 *
 * @param without - what each episode finds without the mistake
 */
async function mistakeOf(episodes: Found[], without: Found = {}) {
  const seeds: number[] = [];
  const controls: number[] = [];
  const bugs = bugsBy(
    () => ['another one', 'this one'],
    (bug, seed) => {
      (bug === undefined ? controls : seeds).push(seed);
      return Promise.resolve(outcome(bug === undefined ? without : episodes[seeds.length - 1]!));
    },
  );
  const setup = { seed: 10, attempts: 3, progress: () => undefined } as unknown as CampaignSetup;
  const chunk = newChunk('bugs', 10, 1, {} as never);
  for await (const one of bugs.episodes(setup, 1)) addEpisode(chunk, one);
  return { chunk, seeds, controls };
}

describe('a mistake', () => {
  it('is looked for until an episode finds something, by seeds of its own', async () => {
    const violations = [violation('I3'), violation('I2'), violation('I2')];
    const { chunk, seeds, controls } = await mistakeOf([{}, { violations, problems: [deadline] }]);
    expect({ seeds, controls }).toEqual({ seeds: [13, 14], controls: [] });
    const foundBy = ['I2', 'I3'];
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 2, foundBy } });
  });

  it('that is found is neither a violation nor a problem', async () => {
    const { chunk } = await mistakeOf([{ violations: [violation('I2')] }]);
    expect(chunk).toMatchObject({ violations: 0, problems: 0, failedSeeds: [], seconds: 30 });
  });

  it('that no episode shows is written down as well', async () => {
    const { chunk, seeds } = await mistakeOf([{}, {}, {}]);
    expect(seeds).toHaveLength(3);
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 3, foundBy: [] } });
  });

  it('that makes the queue stand still is found if the same episode without it goes on', async () => {
    const { chunk, seeds, controls } = await mistakeOf([{}, { problems: [deadline] }]);
    expect({ seeds, controls }).toEqual({ seeds: [13, 14], controls: [14] });
    const foundBy = ['a queue that did not drain'];
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 2, foundBy } });
    expect(chunk.seconds).toBe(90);
  });

  it.each([
    ['the machine brings about as well', deadline, [13, 14, 15]],
    ['is a fault that missed', 'kill, the leader: missed 5 times', []],
    ['is an error of the campaign', 'the episode broke off: Error: spawn', []],
    ['nobody knows', 'another text', []],
  ])('is not found by a problem that %s', async (_, problem, played) => {
    const found = { problems: [problem] };
    const { chunk, controls } = await mistakeOf([found, found, found], { problems: [deadline] });
    expect(chunk.mistakes).toEqual({ 'this one': { episodes: 3, foundBy: [] } });
    expect(controls).toEqual(played);
  });
});

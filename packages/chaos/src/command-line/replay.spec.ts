import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeMachine } from '../campaign/machine.js';
import { Results } from '../campaign/results.js';
import { runCampaign } from '../campaign/run-campaign.js';
import type { Experiment } from '../experiments/experiment.js';
import { modelBy } from '../experiments/model.js';
import type { EpisodeOutcome } from '../experiments/outcome.js';
import { planEpisode } from '../experiments/random-faults.js';
import { randomBy } from '../experiments/random.js';
import { experiments } from '../experiments/index.js';
import { commitsToCount } from '../faults/fault-log.js';
import type { PlayOptions } from './play.js';
import { program } from './program.js';
import { replayCommand } from './replay.js';

const folder = mkdtempSync(join(tmpdir(), 'affinity-chaos-replay-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What the command line makes of such words. */
async function parse(words: string): Promise<PlayOptions> {
  let parsed: PlayOptions | undefined;
  const chaos = program((_, options) => {
    parsed = options;
    return Promise.resolve();
  });
  await chaos.parseAsync(words.replace(/^npm run chaos -- /, '').split(' '), { from: 'user' });
  return parsed!;
}

function outcome(seed: number, hits: number): EpisodeOutcome {
  return {
    ...{ experiment: 'x', seed, seconds: 1, violations: [], problems: [], overlaps: {}, undecided: {} },
    counts: { processes: 1, records: 0, witnessEntries: 0, tasks: 0, starts: 0, commits: 0, faults: 0 },
    faults: Array.from({ length: hits }, () => ({
      ...{ kind: 'kill', detail: '', target: '', hit: true, commitsAfter: commitsToCount },
    })),
    ...{ stalls: 0, samples: {}, duplicates: {}, kept: undefined },
  };
}

async function campaign(experiment: Experiment, options: PlayOptions, name: string): Promise<Results> {
  const results = new Results(join(folder, `${name}.json`));
  await runCampaign(experiment, {
    ...options,
    ...{ folder, results, stepsFile: join(folder, 'steps.json'), machine: describeMachine('7') },
    scripts: { file: '', names: new Map() },
    progress: () => undefined,
    onEpisode: () => undefined,
  });
  return results;
}

describe('the printed command', () => {
  it('random: plays the same faults, on as many instances, with the same chance afterwards', async () => {
    const played: unknown[] = [];
    const random = randomBy(({ seed, faultCount }) => {
      const { random: chance, count, faults } = planEpisode({ seed, faultCount });
      played.push({ count, faults, next: Array.from({ length: 20 }, () => chance.int(0, 2 ** 30)) });
      return Promise.resolve(outcome(seed, faultCount - 1));
    });
    const options = await parse('random --seed 5 --faults 60');
    const results = await campaign(random, options, 'random');
    // 24 of 25 count: the third episode goes beyond the 60.
    expect(played).toHaveLength(3);
    const [chunk] = results.chunks;
    for (const [episode, before] of [...played].entries()) {
      played.length = 0;
      const again = await parse(replayCommand('random', options, episode));
      const apart = await campaign(random, again, 'again');
      expect(played).toEqual([before]);
      expect(apart.chunks).toEqual([]);
    }
    expect(chunk).toMatchObject({ from: 0, next: 3 });
  });

  it('model: plays the sequences of that episode, as many', async () => {
    const played: unknown[] = [];
    const run = (kinds: readonly string[], seed: number, runs: number): Promise<EpisodeOutcome> => {
      played.push({ kinds, seed, runs });
      return Promise.resolve(outcome(seed, 0));
    };
    let searches = 0;
    const model = modelBy(run, (found) => {
      searches += 1;
      return Promise.resolve(found);
    });
    const kinds = ['invariants', 'witness', 'lock-step'];
    const options = await parse('model --seed 7 --faults 2500');
    await campaign(model, options, 'model');
    expect(played).toEqual([7, 8, 9].map((seed) => ({ kinds, seed, runs: 1_000 })));
    expect(searches).toBe(1);
    played.length = 0;
    await campaign(model, await parse(replayCommand('model', options, 2)), 'again');
    expect(played).toEqual([{ kinds, seed: 9, runs: 1_000 }]);
    played.length = 0;
    const only = await parse('model --seed 7 --faults 1000 --only lock-step');
    await campaign(model, only, 'only');
    await campaign(model, await parse(replayCommand('model', only, 2)), 'again');
    expect(played).toEqual([7, 9].map((seed) => ({ kinds: ['lock-step'], seed, runs: 1_000 })));
    expect(searches).toBe(1);
    const none = campaign(model, await parse('model --only everything'), 'none');
    await expect(none).rejects.toThrow('There are no sequences "everything"');
  });

  it.each(experiments.map(({ name }) => name))('%s: says all that decides what is played', async (name) => {
    const words =
      '--seed 3 --seeds-per-point 20 --minutes 7 --attempts 5 --bug some-mistake --steps /s/t.json';
    const again = await parse(replayCommand(name, await parse(`${name} ${words}`), 4));
    expect(again).toMatchObject({ seed: 3, from: 4, episodes: 1, bug: 'some-mistake' });
    if (name === 'every-step') expect(again).toMatchObject({ seedsPerPoint: 20, steps: '/s/t.json' });
    if (name === 'bugs') expect(again.attempts).toBe(5);
    if (name === 'soak') expect(again.minutes).toBe(7);
  });
});

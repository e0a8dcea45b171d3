import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { summary } from '../command-line/summary.js';
import type { EpisodeOutcome, Samples } from '../experiments/outcome.js';
import type { Chunk } from './chunk.js';
import { Results } from './results.js';
import { runCampaign } from './run-campaign.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'affinity-campaign-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const counts = { processes: 2, tasks: 0, starts: 0, commits: 0, witnessEntries: 0 };

/** A run whose episodes have these samples, one after the other. */
async function runOf(samples: readonly Samples[], resume = false): Promise<Chunk> {
  const outcomes = samples.map((one) => ({
    ...{ experiment: 'failover', seed: 1, seconds: 1, counts, faults: [], violations: [], problems: [] },
    ...{ overlaps: {}, undecided: {}, stalls: 0, samples: one, duplicates: {}, kept: undefined },
  })) as unknown as EpisodeOutcome[];
  const experiment = {
    ...{ name: 'failover', about: '', defaultFaults: 1 },
    async *episodes() {
      yield* outcomes;
    },
  };
  const { chunk } = await runCampaign(experiment, {
    ...{
      seed: 1,
      faults: 1,
      seedsPerPoint: 1,
      attempts: 1,
      minutes: 1,
      chunkMinutes: 1,
      folder,
      from: undefined,
      episodes: undefined,
      stepsFile: '',
      resume,
    },
    ...{ machine: {} as never, scripts: {} as never, results: new Results(join(folder, 'results.json')) },
    ...{ progress: () => undefined, onEpisode: () => undefined },
  });
  return chunk;
}

describe('a run of the campaign', () => {
  it('that holds all bars has no problem', async () => {
    const chunk = await runOf([{ leaderCrash: [1_200] }, { leaderCrash: [1_300] }]);
    expect(chunk).toMatchObject({ next: 2, problems: 0, missedBars: [] });
  });

  it('fails if it misses one, and says which', async () => {
    const chunk = await runOf([{ leaderCrash: [1_200] }, { leaderCrash: [1_900] }]);
    expect(chunk.problems).toBe(1);
    expect(summary(chunk)).toContain('missed: the leader is killed');
    expect(new Results(join(folder, 'results.json')).chunks).toMatchObject([{ problems: 1 }]);
  });

  it('is held against them by all samples of its chunks', async () => {
    const quick = Array.from({ length: 120 }, () => 1_100);
    await runOf([{ leaderCrash: quick }]);
    const chunk = await runOf([{ leaderCrash: [1_900] }], true);
    expect(chunk).toMatchObject({ problems: 0, missedBars: [] });
  });
});

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

interface More {
  readonly resume?: boolean;
  readonly bug?: string;
  readonly violations?: readonly unknown[];
  /** After the last episode. */
  readonly breaksOff?: boolean;
}

const failovers = { inTime: 5, late: 0, excused: 2 };

/** A run whose episodes have these samples, one after the other. */
async function runOf(
  samples: readonly Samples[],
  { resume = false, bug, violations = [], breaksOff = false }: More = {},
): Promise<Chunk> {
  const outcomes = samples.map((one) => ({
    ...{ experiment: 'failover', seed: 1, seconds: 1, counts, faults: [], violations, problems: [] },
    ...{ overlaps: {}, undecided: {}, stalls: 0, failovers, samples: one, duplicates: {}, kept: undefined },
  })) as unknown as EpisodeOutcome[];
  const experiment = {
    ...{ name: 'failover', about: '', defaultFaults: 1 },
    async *episodes() {
      yield* outcomes;
      if (breaksOff) throw new Error('no Redis');
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
      bug,
    },
    ...{
      machine: {} as never,
      commit: '1234567+',
      scripts: {} as never,
      results: new Results(join(folder, 'results.json')),
    },
    ...{ progress: () => undefined, onEpisode: () => undefined },
  });
  return chunk;
}

describe('a run of the campaign', () => {
  it('that holds all bars has no problem', async () => {
    const chunk = await runOf([{ leaderCrash: [1_200] }, { leaderCrash: [1_300] }]);
    expect(chunk).toMatchObject({ next: 2, problems: 0, missedBars: [] });
  });

  it('counts the failures that the checker judged', async () => {
    const chunk = await runOf([{}, {}]);
    expect(chunk.failovers).toEqual({ inTime: 10, late: 0, excused: 4 });
    expect(summary(chunk)).toContain('{"inTime":10,"late":0,"excused":4}');
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
    const chunk = await runOf([{ leaderCrash: [1_900] }], { resume: true });
    expect(chunk).toMatchObject({ problems: 0, missedBars: [] });
  });

  const kept = (): Chunk[] => new Results(join(folder, 'results.json')).chunks;

  it('is kept with the commit that it ran on, also if it finds something', async () => {
    await runOf([{}, {}], { violations: [{}] });
    expect(kept()).toMatchObject([{ commit: '1234567+', violations: 2, next: 2 }]);
  });

  it('is kept as a problem if it breaks off', async () => {
    await expect(runOf([{}], { breaksOff: true })).rejects.toThrow('no Redis');
    expect(kept()).toMatchObject([
      {
        next: 1,
        problems: 1,
        problemKinds: { 'an episode that broke off': 1 },
        note: 'the campaign broke off: Error: no Redis',
      },
    ]);
  });

  it('with a mistake in the scripts is no result', async () => {
    await runOf([{}], { bug: 'a mistake', violations: [{}] });
    expect(kept()).toEqual([]);
  });
});

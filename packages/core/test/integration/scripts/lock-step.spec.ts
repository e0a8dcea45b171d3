import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { connectScripts, Harness } from './support/harness.js';
import { kinds, LockStep, sequences } from './support/lock-step/lock-step.js';

/** A database of its own, emptied after every run. */
const redis = connectScripts(11);

afterAll(async () => {
  await redis.quit();
});

const { AFFINITY_MODEL_RUNS = '300', AFFINITY_MODEL_SEED: seed, AFFINITY_MODEL_PATH: path } = process.env;
const numRuns = Number(AFFINITY_MODEL_RUNS);

it(
  'the scripts do what the model does that is searched, step by step',
  async () => {
    const taken = new Map<string, number>();
    const property = fc.asyncProperty(sequences(), async ([choices, maxBatchSize]) => {
      await redis.flushdb();
      for (const kind of await new LockStep(new Harness(redis), maxBatchSize).play(choices))
        taken.set(kind, (taken.get(kind) ?? 0) + 1);
    });
    // On failure fast-check prints seed, path and steps. Given them in the environment, it looks for fewer steps that fail.
    await fc.assert(
      property,
      seed === undefined ? { numRuns, endOnFailure: true } : { numRuns, seed: Number(seed), path },
    );
    await redis.flushdb();
    // The rarest kind of step comes a dozen times in so many runs.
    if (numRuns >= 300 && path === undefined) expect([...taken.keys()].sort()).toEqual([...kinds].sort());
  },
  60_000 + numRuns * 100,
);

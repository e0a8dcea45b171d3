import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { connectScripts, Harness } from './support/harness.js';
import { actions, Model, type Action, type ActionName } from './support/model.js';

/** A database of its own, emptied after every run. */
const redis = connectScripts(14);

afterAll(async () => {
  await redis.quit();
});

/** What a queue does most of the time comes most often. */
const weights: Partial<Record<ActionName, number>> = {
  add: 8,
  dispatch: 8,
  take: 8,
  complete: 8,
  retryBlock: 4,
  dispatchLittle: 2,
};

const action = fc.tuple(
  fc.oneof(...actions.map((name) => ({ weight: weights[name] ?? 1, arbitrary: fc.constant(name) }))),
  fc.nat({ max: 100 }),
  fc.nat({ max: 100 }),
) as fc.Arbitrary<Action>;

const { AFFINITY_MODEL_RUNS = '300', AFFINITY_MODEL_SEED: seed, AFFINITY_MODEL_PATH: path } = process.env;
const numRuns = Number(AFFINITY_MODEL_RUNS);

it(
  'keeps every task, every order and every list, whatever happens in whatever order',
  async () => {
    const steps = fc.array(action, { minLength: 15, maxLength: 60, size: 'max' });
    const maxBatchSize = fc.integer({ min: 1, max: 4 });
    const property = fc.asyncProperty(steps, maxBatchSize, async (sequence, size) => {
      await redis.flushdb();
      const model = new Model(new Harness(redis), size);
      await model.start();
      for (const step of sequence) await model.step(step);
      await model.finish();
    });
    // On failure fast-check prints seed, path and steps. Given them in the environment, it looks for fewer steps that fail.
    await fc.assert(
      property,
      seed === undefined ? { numRuns, endOnFailure: true } : { numRuns, seed: Number(seed), path },
    );
    await redis.flushdb();
    expect(await redis.dbsize()).toBe(0);
  },
  120_000 + numRuns * 100,
);

import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { checkHistory } from '../../../src/history/checker/check-history.js';
import { readWitness } from '../../../src/history/read-witness.js';
import type { LuaScriptName } from '../../../src/redis/generated/lua-sources.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { MadeHistory } from '../../support/history/a-history.js';
import { testBuild } from '../../support/history/test-scripts.js';
import { uniqueName } from '../../support/redis.js';
import { connectScripts, Harness } from '../scripts/support/harness.js';
import { actions, Model, type Action } from '../scripts/support/model.js';

/** A database of its own, emptied after every run. */
const redis = connectScripts(12);

afterAll(async () => {
  await redis.quit();
});

/** The checker knows the limits of tags from options; and what `obliterate` does is BullMQ's, which has no witness. */
const unknown: ReadonlySet<string> = new Set(['setLimits', 'obliterate']);
const known = actions.filter((name) => !unknown.has(name));
const often = ['add', 'dispatch', 'take', 'complete'] as const;

const action = fc.tuple(
  fc.oneof(fc.constantFrom(...known), fc.constantFrom(...often)),
  fc.nat({ max: 100 }),
  fc.nat({ max: 100 }),
) as fc.Arbitrary<Action>;

const { AFFINITY_MODEL_RUNS, AFFINITY_MODEL_SEED: seed, AFFINITY_MODEL_PATH: path } = process.env;
const numRuns = Number(AFFINITY_MODEL_RUNS ?? 60);

it(
  'the checker finds nothing in what the scripts witness, whatever happens in whatever order',
  async () => {
    const runner = new ScriptRunner<LuaScriptName>(redis, 10_000, composeScripts(testBuild().witnessed));
    const steps = fc.array(action, { minLength: 15, maxLength: 60, size: 'max' });
    const maxBatchSize = fc.integer({ min: 1, max: 4 });
    const property = fc.asyncProperty(steps, maxBatchSize, async (sequence, size) => {
      await redis.flushdb();
      const harness = new Harness(redis, uniqueName(), runner);
      const model = new Model(harness, size);
      await model.start();
      for (const step of sequence) await model.step(step);
      await model.finish();
      const { histories } = new MadeHistory(['p'], { maxBatchSize: size }).says('p', 'drained', {});
      const witness = readWitness(redis, harness.pendingQueueName);
      const { violations, counts } = await checkHistory({ histories, witness });
      expect(violations).toEqual([]);
      expect(counts.witnessEntries).toBeGreaterThan(2);
    });
    await fc.assert(
      property,
      seed === undefined ? { numRuns, endOnFailure: true } : { numRuns, seed: Number(seed), path },
    );
    await redis.flushdb();
  },
  60_000 + numRuns * 100,
);

import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { seededSources, testBuild } from '../../support/history/test-scripts.js';
import { uniqueName } from '../../support/redis.js';
import { connectScripts, Harness } from './support/harness.js';
import { LockStep, sequences } from './support/lock-step/lock-step.js';

/** A database of its own, emptied after every run. */
const redis = connectScripts(10);

afterAll(async () => {
  await redis.quit();
});

/** Those that show in what the model knows. The others need a heartbeat, a clock, a renewal, or somebody who waits. */
const mistakes = [
  'a batch that is one task too large',
  'a dead worker keeps its tag',
  'a dead worker stays registered',
  'a dispatch without a fence',
  'a lock released without asking whose it is',
  'a recovered task goes to the tail of its tag',
  'a recovered task is forgotten',
  'a recovery without a fence',
  'a release before the batch is empty',
  'a released tag that goes first',
  'a released tag that is forgotten',
  'a retried task that goes to the tail of its tag',
  'a take that is not idempotent',
  'a top-up of a full batch',
  'a top-up that is lost',
  'a worker leaves its keys behind',
  'an outcome without asking who runs the task',
  "the rest of a dead worker's batch is lost",
  'the running task of a worker that retires is lost',
];

async function firstDifference(bug: string | undefined, numRuns: number): Promise<string | undefined> {
  const sources = bug === undefined ? testBuild().witnessed : seededSources(bug);
  const runner = new ScriptRunner(redis, 10_000, composeScripts(sources));
  const property = fc.asyncProperty(sequences(), async ([choices, maxBatchSize]) => {
    await redis.flushdb();
    await new LockStep(new Harness(redis, uniqueName(), runner), maxBatchSize).play(choices);
  });
  const { failed, errorInstance } = await fc.check(property, { numRuns, seed: 1, endOnFailure: true });
  return failed ? String(errorInstance) : undefined;
}

it.each(mistakes)(
  'the model finds %s',
  async (mistake) => {
    expect(await firstDifference(mistake, 200)).toMatch(/should be|answers|was not removed/);
  },
  120_000,
);

it('and nothing without a mistake', async () => {
  expect(await firstDifference(undefined, 20)).toBeUndefined();
}, 60_000);

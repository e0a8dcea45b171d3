import type { Redis } from 'ioredis';
import { letRedisGoFirst } from '../instruments/priority.js';
import { ScriptNames } from '../instruments/script-names.js';
import { readSlowLog, startSlowLog } from '../instruments/slow-log.js';
import { median } from '../statistics/statistics.js';
import { Gate } from './gate.js';
import type { Measurement } from './measurement.js';
import { fill } from './tasks.js';

export interface DispatchInput {
  readonly workers: number;
  readonly small: Backlog;
  readonly large: Backlog;
  /** Tasks that run in one pass, ten a tag; as many are added to the same tags for the next one. */
  readonly run: number;
  readonly passes: number;
}

interface Backlog {
  readonly pending: number;
  readonly tags: number;
  /** So many more are added, and run before the measured ones: see `BacklogInput`. */
  readonly before: number;
}

const tasksPerTag = 10;
/** The leader's script that moves tasks to workers. */
const scriptName = 'dispatch';
/** A shorter one has moved nothing. */
const fromMicros = 10;

/** How long the script of the dispatch holds Redis per task, with few and then with many pending, in one queue. */
export const measureDispatch: Measurement<DispatchInput> = async ({ open, redisUrl, admin }, input) => {
  const { workers, run, passes } = input;
  await letRedisGoFirst();
  const scripts = new ScriptNames();
  const peer = await open(redisUrl, { workers });
  const gate = new Gate();
  await peer.process(gate.handler);

  const microsPerTask = async ({ pending, tags, before }: Backlog): Promise<number> => {
    await fill(peer, { tasks: pending + before, tags });
    await gate.pass(before, workers);
    const tagsOfPass = run / tasksPerTag;
    const costs: number[] = [];
    for (let pass = 0; pass < passes; pass += 1) {
      await startSlowLog(admin, fromMicros);
      await gate.pass(run, workers);
      costs.push((await microsIn(admin, scripts)) / run);
      // The tags take turns: these have just had theirs, and their batches are full again when they have the next one.
      const first = (before / tasksPerTag + pass * tagsOfPass) % tags;
      for (let n = 0; n < tasksPerTag; n += 1) await fill(peer, { tasks: tagsOfPass, tags, first });
    }
    return median(costs);
  };
  const small = await microsPerTask(input.small);
  const large = await microsPerTask(input.large);
  return { fewDispatchMicros: small, manyDispatchMicros: large, growth: large / small };
};

async function microsIn(admin: Redis, scripts: ScriptNames): Promise<number> {
  const entries = await readSlowLog(admin);
  return entries
    .filter(({ command, firstArgument }) => scripts.nameOf(command, firstArgument) === scriptName)
    .reduce((sum, { micros }) => sum + micros, 0);
}

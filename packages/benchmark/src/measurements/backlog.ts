import { letRedisGoFirst } from '../instruments/priority.js';
import { readScriptHolds, startSlowLog } from '../instruments/slow-log.js';
import { Gate } from './gate.js';
import type { Measurement } from './measurement.js';
import { fill } from './tasks.js';

export interface BacklogInput {
  /** When the measured tasks begin to run. */
  readonly pending: number;
  readonly tags: number;
  readonly workers: number;
  /** So many of the pending tasks are run while Redis' time is measured. */
  readonly run: number;
  /** So many times, with as many added in between: few tasks alone take too short a time. Default: once. */
  readonly passes?: number;
  /**
   * So many more are added, and run before the measured ones: once finished tasks are removed and the event stream is
   * full, each task also pays for the removal of an old one. Without this, only a large backlog would. They are part of
   * what is added and taken in, and of the figures for both.
   */
  readonly before?: number;
  readonly payloadBytes?: number;
  readonly perCall?: number;
}

/** Enough for as many finished tasks as are kept, and to fill the event stream. */
const usuallyBefore = 3_000;

/** What adding, taking in and running a task cost Redis while so many are pending, and how long one script holds it. */
export const measureBacklog: Measurement<BacklogInput> = async (context, input) => {
  const { open, redisUrl, admin, startMeter } = context;
  const { tags, workers, run, passes = 1, before = usuallyBefore } = input;
  const total = input.pending + before;
  await letRedisGoFirst();
  const peer = await open(redisUrl, { workers });
  await startSlowLog(admin);

  const stopAddMeter = await startMeter('add', total);
  await fill(peer, { ...input, tasks: total });
  const added = await stopAddMeter();
  const addHolds = await readScriptHolds(admin);

  const stopTakeInMeter = await startMeter('take in', total);
  await peer.takeIn();
  const takenIn = await stopTakeInMeter();
  const takeInHolds = await readScriptHolds(admin);

  const gate = new Gate();
  const lanes = Math.min(workers, tags);
  await peer.process(gate.handler);
  await gate.pass(before, lanes);
  let processedMicros = 0;
  const processHolds = [];
  for (let pass = 0; pass < passes; pass += 1) {
    if (pass > 0) {
      await fill(peer, { ...input, tasks: run });
      await peer.takeIn();
      await readScriptHolds(admin);
    }
    const stopMeter = await startMeter('process', run);
    await gate.pass(run, lanes);
    processedMicros += (await stopMeter()).redisCpuMicros;
    processHolds.push(await readScriptHolds(admin));
  }

  const longestMs = (of: readonly { readonly longestMs: number }[]): number =>
    Math.max(...of.map((each) => each.longestMs));
  const holds = [addHolds, takeInHolds, ...processHolds];
  return {
    addMicrosPerTask: added.redisCpuMicros / total,
    takeInMicrosPerTask: takenIn.redisCpuMicros / total,
    redisMicrosPerTask: processedMicros / (passes * run),
    addHoldMs: addHolds.longestMs,
    takeInHoldMs: takeInHolds.longestMs,
    processHoldMs: longestMs(processHolds),
    longestHoldMs: longestMs(holds),
    holdsOver5Ms: holds.reduce((sum, { over5Ms }) => sum + over5Ms, 0),
  };
};

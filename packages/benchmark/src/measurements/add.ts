import type { Measurement } from './measurement.js';
import { fill, inLanes, makeTask } from './tasks.js';

export interface AddInput {
  readonly tasks: number;
  readonly tags: number;
  /** So many with one `addBulk` … */
  readonly perCall?: number;
  /** … or with `add`, so many in flight. */
  readonly inFlight?: number;
}

/** Adds; no worker runs. */
export const measureAdd: Measurement<AddInput> = async ({ open, redisUrl, startMeter }, input) => {
  const { tasks: count, tags, perCall, inFlight = 1 } = input;
  const peer = await open(redisUrl, { workers: 1 });
  const stopMeter = await startMeter('add', count);
  if (perCall === undefined) await inLanes(count, inFlight, (n) => peer.add(makeTask(n, tags)));
  else await fill(peer, { tasks: count, tags, perCall });
  const used = await stopMeter();
  await peer.close();
  return {
    tasksPerSecond: count / used.seconds,
    redisMicrosPerTask: used.redisCpuMicros / count,
    nodeMicrosPerTask: used.nodeCpuMicros / count,
    scriptsPerTask: used.scripts / count,
  };
};

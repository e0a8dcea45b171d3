import type { Measurement } from './measurement.js';
import { fill, inLanes, makeTask } from './tasks.js';

export interface AddInput {
  readonly tasks: number;
  /** So many are added before, through the same client. */
  readonly warmUpTasks: number;
  readonly tags: number;
  /** So many with one `addBulk` … */
  readonly perCall?: number;
  /** … or with `add`, so many in flight. */
  readonly inFlight?: number;
}

/** Adds; no worker runs. */
export const measureAdd: Measurement<AddInput> = async ({ open, redisUrl, startMeter }, input) => {
  const { tasks: count, warmUpTasks, tags, perCall, inFlight = 1 } = input;
  const peer = await open(redisUrl, { workers: 1 });
  const add = async (tasks: number): Promise<void> => {
    if (perCall === undefined) await inLanes(tasks, inFlight, (n) => peer.add(makeTask(n, tags)));
    else await fill(peer, { tasks, tags, perCall });
  };
  await add(warmUpTasks);
  const stopMeter = await startMeter('add', count);
  await add(count);
  const used = await stopMeter();
  await peer.close();
  return {
    tasksPerSecond: count / used.seconds,
    redisMicrosPerTask: used.redisCpuMicros / count,
    nodeMicrosPerTask: used.nodeCpuMicros / count,
    scriptsPerTask: used.scripts / count,
  };
};

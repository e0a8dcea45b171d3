import type { Measurement } from './measurement.js';
import { HandledTasks } from './handled-tasks.js';
import { fill } from './tasks.js';

export interface ProcessInput {
  readonly tasks: number;
  /** So many are run before, by the same workers: the clock starts while they run. 0: it starts with them. */
  readonly warmUpTasks?: number;
  readonly tags: number;
  readonly workers: number;
  /** 0: the handler does nothing. */
  readonly handlerMs?: number;
  readonly maxBatchSize?: number;
}

/**
 * Fills the queue in bulk, then starts the workers; the clock starts with that or after the tasks that warm them up, and stops
 * when the last handler has ended.
 */
export const measureProcess: Measurement<ProcessInput> = async ({ open, redisUrl, startMeter }, input) => {
  const { tasks, warmUpTasks = 0, tags, workers, handlerMs, maxBatchSize } = input;
  const peer = await open(redisUrl, { workers, maxBatchSize });
  const total = warmUpTasks + tasks;
  const stopAddMeter = await startMeter('add', total);
  await fill(peer, { tasks: total, tags });
  const added = await stopAddMeter();

  const handled = new HandledTasks(total, handlerMs, warmUpTasks);
  const calledAt = performance.now();
  if (warmUpTasks > 0) {
    await peer.process(handled.handler);
    await handled.warm;
  }
  // Tasks go on ending while the counters are read.
  const endedBefore = handled.ended;
  const stopMeter = await startMeter('process', tasks);
  const startedAt = performance.now();
  const count = total - handled.ended;
  const metered = total - (endedBefore + handled.ended) / 2;
  if (warmUpTasks === 0) await peer.process(handled.handler);
  await handled.done;
  // The last outcomes are stored after the last handler: closing waits for them.
  await peer.close();
  const processed = await stopMeter(metered);
  return {
    tasksPerSecond: (count * 1_000) / (handled.lastEndMs - startedAt),
    startMs: (handled.firstStartMs ?? calledAt) - calledAt,
    redisMicrosPerTask: added.redisCpuMicros / total + processed.redisCpuMicros / metered,
    redisMicrosPerProcessed: processed.redisCpuMicros / metered,
    nodeMicrosPerTask: processed.nodeCpuMicros / count,
    scriptsPerTask: processed.scripts / metered,
    commandsPerTask: processed.commands / metered,
    outOfOrder: handled.outOfOrder,
  };
};

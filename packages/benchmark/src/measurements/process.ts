import type { Measurement } from './measurement.js';
import { HandledTasks } from './handled-tasks.js';
import { fill } from './tasks.js';

export interface ProcessInput {
  readonly tasks: number;
  readonly tags: number;
  readonly workers: number;
  /** 0: the handler does nothing. */
  readonly handlerMs?: number;
  readonly maxBatchSize?: number;
}

/** Fills the queue in bulk, then starts the workers; the clock stops when the last handler has ended. */
export const measureProcess: Measurement<ProcessInput> = async ({ open, redisUrl, startMeter }, input) => {
  const { tasks: count, tags, workers, handlerMs, maxBatchSize } = input;
  const peer = await open(redisUrl, { workers, maxBatchSize });
  const stopAddMeter = await startMeter('add', count);
  await fill(peer, { tasks: count, tags });
  const added = await stopAddMeter();

  const handled = new HandledTasks(count, handlerMs);
  const stopMeter = await startMeter('process', count);
  const startedAt = performance.now();
  await peer.process(handled.handler);
  await handled.done;
  // The last outcomes are stored after the last handler: closing waits for them.
  await peer.close();
  const processed = await stopMeter();
  return {
    tasksPerSecond: (count * 1_000) / (handled.lastEndMs - startedAt),
    startMs: (handled.firstStartMs ?? startedAt) - startedAt,
    redisMicrosPerTask: (added.redisCpuMicros + processed.redisCpuMicros) / count,
    redisMicrosPerProcessed: processed.redisCpuMicros / count,
    nodeMicrosPerTask: processed.nodeCpuMicros / count,
    scriptsPerTask: processed.scripts / count,
    commandsPerTask: processed.commands / count,
    outOfOrder: handled.outOfOrder,
  };
};

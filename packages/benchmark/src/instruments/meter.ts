import type { Redis } from 'ioredis';
import { readCounters } from './redis-info.js';

export interface Usage {
  readonly seconds: number;
  readonly redisCpuMicros: number;
  /** Of this process, all threads. */
  readonly nodeCpuMicros: number;
  readonly scripts: number;
  readonly commands: number;
}

/** Measures a phase in which so many tasks are handled; the function returned ends it, and may know the number better. */
export type StartMeter = (phase: string, tasks: number) => Promise<(tasks?: number) => Promise<Usage>>;

/** Starts to measure; the function returned gives what was used since. Reading costs Redis some 100 µs each time. */
export async function startMeter(redis: Redis): Promise<() => Promise<Usage>> {
  const before = await readCounters(redis);
  const nodeBefore = process.cpuUsage();
  const startedAt = performance.now();
  return async () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const node = process.cpuUsage(nodeBefore);
    const after = await readCounters(redis);
    return {
      seconds,
      redisCpuMicros: after.cpuMicros - before.cpuMicros,
      nodeCpuMicros: node.user + node.system,
      scripts: after.scripts - before.scripts,
      commands: after.commands - before.commands,
    };
  };
}

import { Redis } from 'ioredis';
import type { OpenPeer } from '../peers/peer.js';
import { commandsProcessed, redisCpuSeconds, scriptCalls } from './redis-info.js';
import { inChunks, makeTasks } from './tasks.js';

export interface ProcessInput {
  readonly tasks: number;
  readonly tags: number;
  readonly workers: number;
  /** 0: the handler does nothing. */
  readonly handlerMs: number;
}

/** Fills the queue, then starts the workers and waits for the last handler to end. */
export async function measureProcess(open: OpenPeer, redisUrl: string, input: ProcessInput): Promise<Record<string, number>> {
  const admin = new Redis(redisUrl);
  const peer = await open(redisUrl);
  const filled = performance.now();
  await inChunks(makeTasks(input.tasks, input.tags), 500, (chunk) => peer.addBulk(chunk));
  const addMs = performance.now() - filled;
  let left = input.tasks;
  let finish!: () => void;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, input.handlerMs));
  const [cpuBefore, scriptsBefore, commandsBefore] = await Promise.all([
    redisCpuSeconds(admin),
    scriptCalls(admin),
    commandsProcessed(admin),
  ]);
  const nodeBefore = process.cpuUsage();
  const started = performance.now();
  await peer.process({
    workers: input.workers,
    handler: async () => {
      if (input.handlerMs > 0) await wait();
      left -= 1;
      if (left === 0) finish();
    },
  });
  await done;
  const seconds = (performance.now() - started) / 1_000;
  const node = process.cpuUsage(nodeBefore);
  const cpu = (await redisCpuSeconds(admin)) - cpuBefore;
  const scripts = (await scriptCalls(admin)) - scriptsBefore;
  const commands = (await commandsProcessed(admin)) - commandsBefore;
  await peer.close();
  admin.disconnect();
  return {
    tasksPerSecond: input.tasks / seconds,
    addPerSecond: input.tasks / (addMs / 1_000),
    redisMicrosPerTask: (cpu * 1e6) / input.tasks,
    nodeMicrosPerTask: (node.user + node.system) / input.tasks,
    scriptsPerTask: scripts / input.tasks,
    commandsPerTask: commands / input.tasks,
  };
}

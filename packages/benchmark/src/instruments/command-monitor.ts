import { Redis } from 'ioredis';

export interface CommandMonitor {
  /** Commands that clients sent, by name; what scripts call is not counted. */
  readonly counts: ReadonlyMap<string, number>;
  stop(): void;
}

/** Counts what every client sends from now on. It slows Redis down: for idle systems only. */
export async function monitorCommands(redisUrl: string): Promise<CommandMonitor> {
  const redis = new Redis(redisUrl);
  const monitor = await redis.monitor();
  const counts = new Map<string, number>();
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source === 'lua') return;
    const command = (args[0] ?? '').toLowerCase();
    counts.set(command, (counts.get(command) ?? 0) + 1);
  });
  return {
    counts,
    stop: () => {
      monitor.disconnect();
      redis.disconnect();
    },
  };
}

import type { Redis } from 'ioredis';

const recordFromMicros = 500;
const recorded = 200_000;

export interface SlowCommand {
  readonly micros: number;
  /** In small letters. */
  readonly command: string;
  readonly firstArgument: string;
}

/** Records every command, scripts included, that holds Redis for half a millisecond or longer. */
export async function startSlowLog(redis: Redis, fromMicros = recordFromMicros): Promise<void> {
  await redis.config('SET', 'slowlog-log-slower-than', String(fromMicros));
  await redis.config('SET', 'slowlog-max-len', String(recorded));
  await redis.slowlog('RESET');
}

/** What was recorded since the start or the last reading. */
export async function readSlowLog(redis: Redis): Promise<SlowCommand[]> {
  const entries = (await redis.slowlog('GET', recorded)) as [number, number, number, string[]][];
  await redis.slowlog('RESET');
  return entries.map(([, , micros, [command = '', firstArgument = '']]) => ({
    micros,
    command: command.toLowerCase(),
    firstArgument,
  }));
}

export interface ScriptHolds {
  /** 0 below what is recorded. */
  readonly longestMs: number;
  readonly over5Ms: number;
}

/** How long scripts held Redis since the start or the last reading. By the clock: see `letRedisGoFirst`. */
export async function readScriptHolds(redis: Redis): Promise<ScriptHolds> {
  const scripts = (await readSlowLog(redis)).filter(({ command }) => command.startsWith('eval'));
  return {
    longestMs: scripts.reduce((longest, { micros }) => Math.max(longest, micros), 0) / 1_000,
    over5Ms: scripts.filter(({ micros }) => micros > 5_000).length,
  };
}

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

/** The longest that a script held Redis since the start or the last reading, ms; 0 below what is recorded. */
export async function longestScriptMs(redis: Redis): Promise<number> {
  const scripts = (await readSlowLog(redis)).filter(({ command }) => command.startsWith('eval'));
  return scripts.reduce((longest, { micros }) => Math.max(longest, micros), 0) / 1_000;
}

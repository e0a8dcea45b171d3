import type { Redis } from 'ioredis';

const recordFromMicros = 500;
const recorded = 100_000;

/** Records every command, scripts included, that holds Redis for half a millisecond or longer. */
export async function startSlowLog(redis: Redis): Promise<void> {
  await redis.config('SET', 'slowlog-log-slower-than', String(recordFromMicros));
  await redis.config('SET', 'slowlog-max-len', String(recorded));
  await redis.slowlog('RESET');
}

/** The longest that a script held Redis since the start or the last reading, ms; 0 below what is recorded. */
export async function longestScriptMs(redis: Redis): Promise<number> {
  const entries = (await redis.slowlog('GET', recorded)) as [number, number, number, string[]][];
  await redis.slowlog('RESET');
  const scripts = entries.filter(([, , , args]) => /^eval/i.test(args[0] ?? ''));
  return scripts.reduce((longest, [, , micros]) => Math.max(longest, micros), 0) / 1_000;
}

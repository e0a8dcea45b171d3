import type { Redis } from 'ioredis';

/** What INFO counts, from the start of the server or the last CONFIG RESETSTAT. */
export interface RedisCounters {
  readonly cpuMicros: number;
  /** EVALSHA and EVAL. */
  readonly scripts: number;
  /** Every command, also those inside scripts. */
  readonly commands: number;
}

export async function readCounters(redis: Redis): Promise<RedisCounters> {
  const [cpu, stats, commandStats] = await Promise.all([
    redis.info('cpu'),
    redis.info('stats'),
    redis.info('commandstats'),
  ]);
  return {
    cpuMicros: Math.round((field(cpu, 'used_cpu_user') + field(cpu, 'used_cpu_sys')) * 1e6),
    scripts: calls(commandStats, 'evalsha') + calls(commandStats, 'eval'),
    commands: field(stats, 'total_commands_processed'),
  };
}

export interface CommandStatistic {
  readonly command: string;
  readonly calls: number;
  readonly micros: number;
}

/** Time and calls per command; those inside a script are counted in the script's time as well. */
export async function readCommandStatistics(redis: Redis): Promise<CommandStatistic[]> {
  const text = await redis.info('commandstats');
  return [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)].map(
    ([, command, count, micros]) => ({
      command: command ?? '',
      calls: Number(count),
      micros: Number(micros),
    }),
  );
}

export async function usedMemoryBytes(redis: Redis): Promise<number> {
  return field(await redis.info('memory'), 'used_memory');
}

export async function redisVersion(redis: Redis): Promise<string> {
  return /^(?:valkey|redis)_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
}

function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
}

function calls(commandStats: string, command: string): number {
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(commandStats)?.[1] ?? 0);
}

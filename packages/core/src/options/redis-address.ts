import { isDeepStrictEqual } from 'node:util';
import type { RedisOptions } from 'ioredis';
import { defaults } from './defaults.js';
import type { ResolvedRedisOptions } from './resolved-options.js';

/** Where a Redis is, for messages: never with credentials. */
export function redisAddress(redis: Pick<ResolvedRedisOptions, 'instance' | 'options'>): string {
  const options: Readonly<RedisOptions> = { ...redis.instance?.options, ...redis.options };
  const db = options.db ?? defaults.redisDb;
  if (options.sentinels && options.sentinels.length > 0) {
    const sentinels = options.sentinels.map(({ host, port }) => hostAndPort(host, port ?? 26_379));
    return `sentinel ${options.name ?? '?'} of ${sentinels.join(', ')}, db ${db}`;
  }
  return `${options.path ?? hostAndPort(options.host, options.port)}, db ${db}`;
}

/** Equal for two queues on the same database of the same Redis, as far as their options show. */
export function redisIdentity(redis: Pick<ResolvedRedisOptions, 'instance' | 'options'>): string {
  const loopback = /(^|[ ,])(?:127\.0\.0\.1|\[::1\]|\[::\]|0\.0\.0\.0)(?=:)/g;
  return redisAddress(redis).toLowerCase().replace(loopback, '$1localhost');
}

/** Whether two queues can share their connections: the same Redis, login and settings. */
export function sameConnection(a: ResolvedRedisOptions, b: ResolvedRedisOptions): boolean {
  if (a.instance !== b.instance) return false;
  return isDeepStrictEqual({ ...a, instance: undefined }, { ...b, instance: undefined });
}

function hostAndPort(host: string = defaults.redisHost, port: number = defaults.redisPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

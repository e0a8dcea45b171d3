import type { Redis } from 'ioredis';
import { RedisClusterNotSupportedError } from '../errors/errors.js';

/**
 * Whether the value is a client of ioredis. By its shape and not by `instanceof`, because the application may have
 * another copy or version of ioredis than this library.
 *
 * @throws {@link RedisClusterNotSupportedError} for a client of Redis Cluster
 */
export function isRedisInstance(value: unknown): value is Redis {
  if (typeof value !== 'object' || value === null) return false;
  const client = value as Partial<Record<keyof Redis, unknown>>;
  const methods = [client.duplicate, client.disconnect, client.defineCommand];
  if (!methods.every((method) => typeof method === 'function')) return false;
  if (client.isCluster === true) throw new RedisClusterNotSupportedError();
  return typeof client.options === 'object' && client.options !== null;
}

import type { Redis } from 'ioredis';
import {
  EvictingRedisError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
} from '../errors/errors.js';

const authenticationReply = /^(NOAUTH|WRONGPASS|ERR (invalid password|AUTH)|NOPERM)/;

/**
 * Connects and makes sure that this Redis can keep a queue.
 *
 * @throws {@link RedisUnavailableError}, {@link RedisAuthenticationError}, {@link RedisClusterNotSupportedError},
 *   {@link EvictingRedisError} (an evicting `maxmemory-policy` deletes tasks; `allowEviction` lets it pass)
 */
export async function connectAndCheck(
  client: Redis,
  { address, timeoutMs, allowEviction }: { address: string; timeoutMs: number; allowEviction: boolean },
): Promise<void> {
  const info = await firstReply(client, address, timeoutMs);
  if (/^redis_mode:cluster/m.test(info) || /^cluster_enabled:1/m.test(info)) {
    throw new RedisClusterNotSupportedError({ address });
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction' && !allowEviction) throw new EvictingRedisError({ policy });
}

/** INFO, or the reason why there is none: a refused connection, wrong credentials, or silence. */
async function firstReply(client: Redis, address: string, timeoutMs: number): Promise<string> {
  let lastError: unknown;
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const onError = (error: Error): void => {
    lastError = error;
    if (authenticationReply.test(error.message)) fail(new RedisAuthenticationError({ address }, { cause: error }));
  };
  client.on('error', onError);
  const timer = setTimeout(() => {
    fail(new RedisUnavailableError({ address }, { cause: lastError }));
  }, timeoutMs);
  try {
    if (client.status === 'wait') client.connect().catch(() => undefined); // reported by 'error' and the time-out
    return await Promise.race([client.info(), failed]);
  } catch (error) {
    if (error instanceof RedisAuthenticationError || error instanceof RedisUnavailableError) throw error;
    if (error instanceof Error && authenticationReply.test(error.message)) {
      throw new RedisAuthenticationError({ address }, { cause: error });
    }
    throw new RedisUnavailableError({ address }, { cause: lastError ?? error });
  } finally {
    clearTimeout(timer);
    client.off('error', onError);
  }
}

import type { Redis } from 'ioredis';
import { AffinityQueueError } from '../errors/affinity-queue-error.js';
import {
  EvictingRedisError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
} from '../errors/errors.js';

const authenticationReply = /^(NOAUTH|WRONGPASS|ERR (invalid password|AUTH)|NOPERM)/;
/** ioredis would go on in database 0. */
const noSuchDatabase = 'DB index is out of range';

export interface ServerFacts {
  /** `maxmemory-policy`. */
  readonly policy: string;
}

/**
 * Connects and makes sure that this Redis can keep a queue.
 *
 * @param inspect - looks at what else must be right, on the connection that has been made
 * @throws {@link RedisUnavailableError}, {@link RedisAuthenticationError}, {@link RedisClusterNotSupportedError},
 *   {@link EvictingRedisError} (an evicting `maxmemory-policy` deletes tasks; `allowEviction` lets it pass), and what
 *   `inspect` throws
 */
export async function connectAndCheck(
  client: Redis,
  { address, timeoutMs, allowEviction }: { address: string; timeoutMs: number; allowEviction: boolean },
  inspect: (client: Redis) => Promise<void> = async () => undefined,
): Promise<ServerFacts> {
  return withinTime(client, address, timeoutMs, async () => {
    const info = await client.info();
    if (/^redis_mode:cluster/m.test(info) || /^cluster_enabled:1/m.test(info)) {
      throw new RedisClusterNotSupportedError({ address });
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
    if (policy !== 'noeviction' && !allowEviction) throw new EvictingRedisError({ policy });
    await inspect(client);
    return { policy };
  });
}

/** Runs the steps, or gives the reason why they cannot be run: a refused connection, wrong credentials, or silence. */
async function withinTime<T>(
  client: Redis,
  address: string,
  timeoutMs: number,
  steps: () => Promise<T>,
): Promise<T> {
  let lastError: unknown;
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const onError = (error: Error): void => {
    lastError = error;
    const final = asFinal(error, address);
    if (final !== undefined) fail(final);
  };
  const onEnd = (): void => {
    fail(new RedisUnavailableError({ address }, { cause: lastError }));
  };
  client.on('error', onError);
  client.on('end', onEnd);
  const timer = setTimeout(onEnd, timeoutMs);
  try {
    return await Promise.race([steps(), failed]);
  } catch (error) {
    if (error instanceof AffinityQueueError) throw error;
    throw asFinal(error, address) ?? new RedisUnavailableError({ address }, { cause: lastError ?? error });
  } finally {
    clearTimeout(timer);
    client.off('end', onEnd);
    client.off('error', onError);
  }
}

/** Errors that no further try would mend. */
function asFinal(error: unknown, address: string): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if (authenticationReply.test(error.message))
    return new RedisAuthenticationError({ address }, { cause: error });
  if (error.message.includes(noSuchDatabase)) return new RedisUnavailableError({ address }, { cause: error });
  return undefined;
}

import type { Redis } from 'ioredis';
import { AffinityQueueError } from '../errors/affinity-queue-error.js';
import {
  EvictingRedisError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisPermissionError,
  RedisUnavailableError,
} from '../errors/errors.js';
import { safeCause } from '../errors/redact.js';

/** Of Redis itself, or of the last Sentinel that was asked: ioredis would ask them all again and again. */
const authenticationReply =
  /^(All sentinels are unreachable\b.* Last error: )?(NOAUTH|WRONGPASS|ERR (invalid password|AUTH))/;
const permissionReply = 'NOPERM';
const refusedCommand = /'([^']+)' command/;
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
 * @throws {@link RedisUnavailableError}, {@link RedisAuthenticationError}, {@link RedisPermissionError}, {@link RedisClusterNotSupportedError},
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

/**
 * Makes sure that this user may read and write a key, in a script as all of ours do.
 *
 * @param pattern - of the keys that it stands for
 * @throws {@link RedisPermissionError}
 */
export async function assertMayUse(
  client: Redis,
  address: string,
  { key, pattern }: { key: string; pattern: string },
): Promise<void> {
  try {
    await client.eval('return 1', 1, key);
  } catch (error) {
    const isAboutKey =
      error instanceof Error &&
      error.message.startsWith(permissionReply) &&
      !refusedCommand.test(error.message);
    if (!isAboutKey) throw error;
    throw new RedisPermissionError({ address, missing: `~${pattern}` }, { cause: safeCause(error) });
  }
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
  if (error.message.startsWith(permissionReply)) {
    const command = refusedCommand.exec(error.message)?.[1];
    const missing = command === undefined ? 'a key pattern' : `+${command}`;
    return new RedisPermissionError({ address, missing }, { cause: error });
  }
  if (error.message.includes(noSuchDatabase)) return new RedisUnavailableError({ address }, { cause: error });
  return undefined;
}

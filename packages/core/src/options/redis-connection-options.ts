import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Redis, RedisOptions } from 'ioredis';

/**
 * Options of ioredis that are handed through as they are, but for two: every connection adds its purpose to
 * `connectionName`, and where `retryStrategy` gives up, the library's own goes on. The rest is either an option of its own
 * below, or set by the library because its guarantees depend on it (`maxRetriesPerRequest`, `enableOfflineQueue`, …).
 */
export const passedThroughRedisOptions = [
  'connectionName',
  'connectTimeout',
  'enableTLSForSentinelMode',
  'family',
  'keepAlive',
  'natMap',
  'noDelay',
  'reconnectOnError',
  'retryStrategy',
  'sentinelCommandTimeout',
  'sentinelReconnectStrategy',
  'sentinelRetryStrategy',
  'sentinelTLS',
  'socketTimeout',
  'updateSentinels',
] as const satisfies readonly (keyof RedisOptions)[];

/**
 * Where Redis is and how to log in. Give one of `url`, `host` and `port`, `path`, `sentinels` or `instance`. As soon
 * as one option says where or who, none of the `REDIS_*` variables is used.
 *
 * A feature that says who or which (`username`, `password`, `db`, `tls`), but not where, means the Redis of `forRoot`. Queues
 * with the same options share their connections.
 *
 * Redis Cluster is not supported yet and refused with a {@link RedisClusterNotSupportedError}.
 *
 * @publicApi
 */
export interface RedisConnectionOptions extends Pick<
  RedisOptions,
  (typeof passedThroughRedisOptions)[number]
> {
  /** `redis://[username][:password]@host[:port][/db]`, or `rediss://…` for TLS. Variable `REDIS_URL`, which beats the others. */
  url?: string;

  /**
   * Variable `REDIS_HOST`.
   *
   * @default 'localhost'
   */
  host?: string;

  /**
   * Variable `REDIS_PORT`.
   *
   * @default 6379
   */
  port?: number;

  /** A Unix socket instead of host and port. */
  path?: string;

  /** Variable `REDIS_USERNAME`. */
  username?: string;

  /** Variable `REDIS_PASSWORD`. */
  password?: string;

  /**
   * Variable `REDIS_DB`.
   *
   * @default 0
   */
  db?: number;

  /** TLS: `true`, or the options of Node's `tls.connect`. */
  tls?: boolean | TlsOptions;

  /** Addresses of Redis Sentinels; needs `name`. */
  sentinels?: { host: string; port?: number }[];

  /** The name of the master that the sentinels watch. */
  name?: string;

  /** Login at the sentinels. */
  sentinelUsername?: string;

  /** Login at the sentinels. */
  sentinelPassword?: string;

  /** A client of your own. The library connects with its settings through duplicates and never closes it. */
  instance?: Redis;

  /**
   * After this time (milliseconds) without a reply a command fails with a {@link CommandTimeoutError}.
   *
   * @default 10000
   */
  commandTimeout?: number;

  /**
   * Start although `maxmemory-policy` lets Redis evict keys, and tasks with them.
   *
   * @default false
   */
  allowEviction?: boolean;
}

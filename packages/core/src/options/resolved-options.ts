import type { BackoffOptions, KeepJobs, Telemetry } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import type { Locale } from '../domain/locale.js';
import type { PayloadCodec } from '../domain/payload-codec.js';
import type { QueueRole } from '../domain/roles.js';
import type { RetryOrder } from '../domain/task-options.js';

/** Where Redis is: a client of the application, or the options for clients of our own. */
export interface ResolvedRedisOptions {
  readonly instance?: Redis;
  /** Only what the application said or the defaults say; beside `instance`, what its duplicates have otherwise. */
  readonly options: Readonly<RedisOptions>;
  readonly commandTimeoutMs: number;
  readonly allowEviction: boolean;
}

/** Workers per tag: `tags` has no prototype, so that a tag called `__proto__` is a tag like any other. */
export interface ResolvedTagConcurrency {
  readonly default: number;
  readonly tags: Readonly<Record<string, number>>;
}

/** What a task gets that its own options leave out. */
export interface ResolvedTaskDefaults {
  readonly attempts: number;
  readonly backoff: number | Readonly<BackoffOptions>;
  readonly retryOrder: RetryOrder;
  readonly removeOnComplete: boolean | number | Readonly<KeepJobs>;
  readonly removeOnFail: boolean | number | Readonly<KeepJobs>;
}

/** The options of one queue after precedence, defaults and validation: all that services ever see. Frozen. */
export interface ResolvedQueueOptions {
  /** Name of the feature; `undefined` for the root queue. */
  readonly name: string | undefined;
  readonly role: QueueRole;

  readonly maxBatchSize: number;
  readonly workerCount: number;
  readonly shutdownTimeoutMs: number;
  /** 0: no limit. */
  readonly taskTimeoutMs: number;
  readonly maxCrashes: number;

  readonly redis: ResolvedRedisOptions;

  readonly pendingQueueName: string;
  readonly workerQueuePrefix: string;
  readonly workerStatePrefix: string;
  readonly schedulerIntervalMs: number;
  readonly scanCount: number;
  readonly identifyTagConcurrency: ResolvedTagConcurrency;
  readonly defaultTaskOptions: ResolvedTaskDefaults;
  readonly maxPayloadBytes: number;
  readonly maxResultBytes: number;
  readonly maxTagBytes: number;
  /** `undefined`: payloads are stored as they are. */
  readonly payloadCodec: PayloadCodec | undefined;

  readonly electionLockTtlMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly watchLocalProcesses: boolean;

  readonly locale: Locale;
  /** Where traces go; `undefined`: nowhere. */
  readonly telemetry: Telemetry | undefined;
}

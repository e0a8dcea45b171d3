import type { Telemetry } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Locale } from '../domain/locale.js';
import type { PayloadCodec } from '../domain/payload-codec.js';
import type { QueueRole } from '../domain/roles.js';
import type { TaskOptions } from '../domain/task-options.js';
import type { RedisConnectionOptions } from './redis-connection-options.js';

/**
 * How an instance runs tasks.
 *
 * @publicApi
 */
export interface WorkerOptions {
  /**
   * The longest run of one tag's tasks on a worker before other tags get their turn, 1 to 1,000. Variable
   * `MAX_BATCH_SIZE`.
   *
   * @default 10
   */
  maxBatchSize?: number;

  /**
   * Workers of this instance; each runs one task at a time. Variable `WORKER_COUNT`.
   *
   * @default 1
   */
  workerCount?: number;

  /**
   * How long (milliseconds) a graceful stop waits for running tasks before it gives them back. Variable
   * `SHUTDOWN_TIMEOUT`.
   *
   * @default 30000
   */
  shutdownTimeout?: number;

  /**
   * An attempt that takes longer (milliseconds) fails with a {@link TaskTimeoutError} and its signal is aborted; 0
   * means no limit. Variable `TASK_TIMEOUT`.
   *
   * @default 0
   */
  taskTimeout?: number;

  /**
   * A task under which this many workers died goes to `failed`. Variable `MAX_CRASHES`.
   *
   * @default 3
   */
  maxCrashes?: number;
}

/**
 * What tasks get whose own {@link TaskOptions} leave it out.
 *
 * @publicApi
 */
export type DefaultTaskOptions = Pick<
  TaskOptions,
  'attempts' | 'backoff' | 'retryOrder' | 'removeOnComplete' | 'removeOnFail'
>;

/**
 * How many workers may have tasks of one tag at the same time: for all tags, or per tag with a `default` for the
 * others. Above 1 the order within that tag is given up.
 *
 * @publicApi
 */
export type IdentifyTagConcurrency = number | { default?: number; [identifyTag: string]: number | undefined };

/**
 * Names, limits and pace of one queue.
 *
 * @publicApi
 */
export interface QueueOptions {
  /**
   * The BullMQ queue that tasks are added to. Characters: `A-Z a-z 0-9 _ . { } -`. Variable `PENDING_QUEUE_NAME`
   * (root queue).
   *
   * @default 'pending-tasks'; for a feature '<name>-pending-tasks'
   */
  pendingQueueName?: string;

  /**
   * Start of the names of the workers' own queues. Variable `WORKER_QUEUE_PREFIX` (root queue).
   *
   * @default 'worker-queue'; for a feature '<name>-worker-queue'
   */
  workerQueuePrefix?: string;

  /**
   * Start of the keys of the workers' states. Variable `WORKER_STATE_PREFIX` (root queue).
   *
   * @default 'worker-state'; for a feature '<name>-worker-state'
   */
  workerStatePrefix?: string;

  /**
   * The longest time (milliseconds) the leader sleeps; it is woken whenever there is work. Variable
   * `SCHEDULER_INTERVAL`.
   *
   * @default 1000
   */
  schedulerInterval?: number;

  /**
   * COUNT of the SCANs that look for orphaned worker queues. Variable `SCAN_COUNT`.
   *
   * @default 100
   */
  scanCount?: number;

  /**
   * Workers per tag.
   *
   * @default 1
   */
  identifyTagConcurrency?: IdentifyTagConcurrency;

  /**
   * Defaults of the options of a task, each for itself.
   *
   * @default
   * ```ts
   * { attempts: 3, backoff: { type: 'exponential', delay: 1000 }, retryOrder: 'block',
   *   removeOnComplete: { count: 1000, age: 86400 }, removeOnFail: { count: 5000, age: 604800 } }
   * ```
   */
  defaultTaskOptions?: DefaultTaskOptions;

  /**
   * Largest payload, in bytes of its JSON; where there is a `payloadCodec`, of what that makes of it.
   *
   * @default 262144
   */
  maxPayloadBytes?: number;

  /**
   * Largest result of a handler, and largest progress, in bytes of JSON; largest row for its log.
   *
   * @default 262144
   */
  maxResultBytes?: number;

  /**
   * Longest `identifyTag`, in bytes of UTF-8.
   *
   * @default 512
   */
  maxTagBytes?: number;

  /**
   * Encodes payloads before they go to Redis, and decodes them for handlers: `createAesGcmCodec` of
   * `nestjs-affinity-queue/codec`, or one of your own. All instances of the queue need it.
   */
  payloadCodec?: PayloadCodec;
}

/**
 * Leader election and signs of life. All in milliseconds.
 *
 * @publicApi
 */
export interface ElectionOptions {
  /**
   * How long the leader's lock lives without renewal; more than `heartbeatInterval`. Variable `ELECTION_LOCK_TTL`.
   *
   * @default 30000
   */
  electionLockTtl?: number;

  /**
   * Time between two signs of life. Variable `HEARTBEAT_INTERVAL`.
   *
   * @default 10000
   */
  heartbeatInterval?: number;

  /**
   * After this time without a sign of life an instance counts as dead; more than `heartbeatInterval`. Variable
   * `HEARTBEAT_TIMEOUT`.
   *
   * @default 60000
   */
  heartbeatTimeout?: number;

  /**
   * On Linux, looks at the processes of the other instances on this host, and lets them look at this one's: tasks and
   * leadership of one that died are taken over within a second, and not after `heartbeatTimeout` and `electionLockTtl`.
   *
   * @default true
   */
  watchLocalProcesses?: boolean;
}

/**
 * Options of `QueueModule.forRoot`. All can be left out; an option given beats its environment variable, which
 * beats the default.
 *
 * @publicApi
 */
export interface QueueModuleOptions {
  /**
   * What this instance does. Variable `APP_ROLE`.
   *
   * @default 'BOTH'
   */
  role?: QueueRole;

  /** How tasks are run. */
  workerOptions?: WorkerOptions;

  /** Where Redis is, or an ioredis client. */
  redisOptions?: RedisConnectionOptions | Redis;

  /** Names, limits and pace. */
  queueOptions?: QueueOptions;

  /** Election and signs of life. */
  electionOptions?: ElectionOptions;

  /**
   * Language of the log messages. Variable `QUEUE_LOCALE`.
   *
   * @default 'zh'
   */
  locale?: Locale;

  /**
   * Where traces go: BullMQ's telemetry interface, such as `new BullMQOtel({ tracerName: 'my-app' })` of `bullmq-otel`. One
   * trace leads from `add` to the handler, also across processes.
   */
  telemetry?: Telemetry;
}

/**
 * Options of `QueueModule.forFeature`: another queue, under a name. What they leave out comes from `forRoot`, except
 * for the names, which are derived from `name`.
 *
 * @publicApi
 */
export interface QueueFeatureOptions extends QueueModuleOptions {
  /** The name to inject its services by: `getQueueServiceToken(name)`. */
  name: string;
}

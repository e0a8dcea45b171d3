import type { BackoffOptions, DeduplicationOptions, KeepJobs } from 'bullmq';

/** All retry orders, in the order in which messages list them. */
export const retryOrders = ['block', 'skip'] as const;

/**
 * What a failed attempt means for the later tasks of its tag.
 *
 * - `block`: they wait; the task returns to the head of its tag, which waits out the back-off. Order is kept.
 * - `skip`: they go on; the task waits out its back-off apart and rejoins at the end of its tag.
 *
 * @publicApi
 */
export type RetryOrder = (typeof retryOrders)[number];

/**
 * Options of one task. What is left out comes from `queueOptions.defaultTaskOptions`.
 *
 * `priority` and `lifo` of BullMQ are refused with an {@link UnsupportedTaskOptionError}: they contradict the order
 * within a tag.
 *
 * @publicApi
 */
export interface TaskOptions {
  /**
   * An id of your own makes adding idempotent: as long as the first task with this id is kept, adding it again adds
   * nothing. At most 256 bytes, no `:`, no decimal integer, none of the names that BullMQ keeps for itself.
   */
  jobId?: string;

  /**
   * The task enters its tag's order only after this time (milliseconds), by the clock of the producer.
   *
   * @default 0
   */
  delay?: number;

  /**
   * How often the task is tried in all, 1 or more. Crashes of a worker do not count.
   *
   * @default 3
   */
  attempts?: number;

  /**
   * The pause before the next attempt: milliseconds, or `{ type: 'fixed' | 'exponential', delay, jitter }`.
   *
   * @default { type: 'exponential', delay: 1000 }
   */
  backoff?: number | BackoffOptions;

  /**
   * Whether the tag waits for the next attempt.
   *
   * @default 'block'
   */
  retryOrder?: RetryOrder;

  /** BullMQ's deduplication: while a task with this `id` exists (or for `ttl` milliseconds), others are dropped. */
  deduplication?: DeduplicationOptions;

  /**
   * What is kept of completed tasks: nothing (`true`), all (`false`), a count, or a count and an age in seconds.
   *
   * @default { count: 1000, age: 86400 }
   */
  removeOnComplete?: boolean | number | KeepJobs;

  /**
   * What is kept of failed tasks, in the same form.
   *
   * @default { count: 5000, age: 604800 }
   */
  removeOnFail?: boolean | number | KeepJobs;
}

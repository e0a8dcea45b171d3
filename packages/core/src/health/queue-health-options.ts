import type { HealthCheckName } from './queue-health.js';

/**
 * Limits of the health checks.
 *
 * @publicApi
 */
export interface QueueHealthOptions {
  /**
   * How long (milliseconds) Redis may take to answer.
   *
   * @default 2000
   */
  timeout?: number;

  /**
   * How long (milliseconds) a tag may wait for a worker: for all queues, or by the name of the pending queue. 0: as long as it
   * takes.
   *
   * @default 0
   */
  maxTagWait?: number | Readonly<Record<string, number>>;

  /**
   * For how long (milliseconds) there may be no leader while one takes over from another; a check waits for this long before
   * it says so.
   *
   * @default 1000
   */
  takeoverGrace?: number;

  /**
   * Which checks decide on the status, where a call does not say otherwise. What the others find is in `problems` all the
   * same.
   *
   * @default all
   */
  checks?: readonly HealthCheckName[];
}

export interface ResolvedHealthOptions {
  readonly timeoutMs: number;
  readonly takeoverGraceMs: number;
  readonly checks: readonly HealthCheckName[] | undefined;
  maxTagWaitMs(pendingQueueName: string): number;
}

export const healthDefaults = { timeoutMs: 2_000, takeoverGraceMs: 1_000, maxTagWaitMs: 0 } as const;

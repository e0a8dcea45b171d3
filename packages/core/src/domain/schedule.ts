import type { TaskOptions } from './task-options.js';

/**
 * How long a schedule lasts.
 *
 * @publicApi
 */
export interface ScheduleLimits {
  /**
   * No run before this moment; one that falls on it counts.
   *
   * @default now
   */
  startDate?: Date | string | number;

  /**
   * No run after this moment; one that falls on it counts.
   *
   * @default none
   */
  endDate?: Date | string | number;

  /**
   * At most so many runs.
   *
   * @default none
   */
  limit?: number;
}

/**
 * When a schedule adds its task: by a cron expression, or at an interval.
 *
 * @publicApi
 */
export type ScheduleTiming = ScheduleLimits & (CronTiming | IntervalTiming);

/** @publicApi */
export interface CronTiming {
  /** Five fields, or six with seconds in front: `'0 3 * * *'` is every night at three. */
  cron: string;

  /**
   * The time zone of the expression, as `Europe/Berlin`.
   *
   * @default 'UTC'
   */
  tz?: string;

  every?: never;
}

/** @publicApi */
export interface IntervalTiming {
  /** Milliseconds. The first run is at once, or at `startDate`. */
  every: number;

  cron?: never;
  tz?: never;
}

/**
 * Options of the tasks that a schedule adds. What is left out comes from `queueOptions.defaultTaskOptions`.
 *
 * @publicApi
 */
export type ScheduledTaskOptions = Omit<TaskOptions, 'jobId' | 'delay' | 'deduplication'>;

/** A timing that has been checked; times in ms since the epoch. */
export interface CheckedTiming {
  readonly cron: string | undefined;
  /** Of a cron expression. */
  readonly tz: string | undefined;
  /** ms */
  readonly every: number | undefined;
  readonly startDate: number | undefined;
  readonly endDate: number | undefined;
  readonly limit: number | undefined;
}

import type { QueueEventFields, QueueEventType } from '../../observability/events/queue-event.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { NewJob } from '../../bullmq/job-adder.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { TaskRecord } from './task-record.js';

/** One tag: what waits of it, who has it, and what holds it. */
export interface TagRecord {
  /** Ids of its indexed tasks, the next one first. */
  readonly ids: string[];
  /** Ids of its workers; one that has it by its batch and by its look-ahead is there twice. */
  readonly owners: string[];
  /** End of a back-off. */
  parkedUntilMs: number | undefined;
  paused: boolean;
}

/** A run of one tag's tasks on one worker. */
export interface Batch {
  readonly identifyTag: string;
  /** Tasks of it so far: those that ran and those that were dispatched. */
  size: number;
  /** Tasks of it that were taken. */
  started: number;
  readonly fencingToken: number;
}

/** The attempt that a worker runs. */
export interface CurrentTask {
  readonly jobId: string;
  readonly attempt: number;
  cancelled: boolean;
}

/** One serial lane. */
export interface WorkerRecord {
  readonly workerId: string;
  readonly startedAtMs: number;
  batch: Batch | undefined;
  /** Ids of its batch that it has not taken, the next one first. */
  readonly wait: string[];
  /** The next batch, bound in advance. */
  ahead: (Batch & { readonly sinceMs: number }) | undefined;
  /** Ids of the look-ahead. */
  readonly next: string[];
  current: CurrentTask | undefined;
  /** Whether its tasks have been short: it may be given a look-ahead. */
  short: boolean;
  /** It gets nothing new. */
  leaving: boolean;
}

/** An event before it is told. */
export type ModelEvent = {
  [Type in QueueEventType]: { readonly type: Type } & Readonly<QueueEventFields[Type]>;
}[QueueEventType];

/** Who holds a deduplication id, and until when. */
export interface DeduplicationEntry {
  readonly jobId: string;
  readonly expiresAtMs: number | undefined;
}

export type SchedulingOptions = Pick<ResolvedQueueOptions, 'maxBatchSize' | 'identifyTagConcurrency'>;

/**
 * Everything that there is of one queue: what Redis holds for the real one. The functions beside this file are its
 * transitions; each does what the script of the same name does, at one moment, and none does any I/O.
 */
export interface QueueState {
  readonly options: SchedulingOptions;
  readonly tasks: Map<string, TaskRecord>;
  /** Ids that were added and not taken in, the next one first. */
  readonly wait: string[];
  /** Tags that got tasks while a worker had them, until its batch was looked at. */
  readonly touched: Set<string>;
  readonly delayed: Set<string>;
  /** Ids in the order in which they ended. */
  readonly completed: Set<string>;
  readonly failed: Set<string>;
  readonly tags: Map<string, TagRecord>;
  /** The ready tags, the next one first. */
  readonly ring: string[];
  readonly workers: Map<string, WorkerRecord>;
  /** Ids of workers without a batch, the one that has been idle for longest first. */
  readonly idle: string[];
  /** Ids of workers with a batch of short tasks and no look-ahead. */
  readonly hungry: string[];
  /** Ids of workers with a look-ahead, the oldest first. */
  readonly ahead: string[];
  readonly deduplication: Map<string, DeduplicationEntry>;
  /** What `keepLastIfActive` keeps, by deduplication id. */
  readonly kept: Map<string, NewJob>;
  readonly schedules: Map<string, ScheduleRecord>;
  paused: boolean;
  sequence: number;
  fencingToken: number;
  /** What happened and has not been told. */
  readonly events: ModelEvent[];
}

export function newQueueState(options: SchedulingOptions): QueueState {
  return {
    options,
    tasks: new Map(),
    wait: [],
    touched: new Set(),
    delayed: new Set(),
    completed: new Set(),
    failed: new Set(),
    tags: new Map(),
    ring: [],
    workers: new Map(),
    idle: [],
    hungry: [],
    ahead: [],
    deduplication: new Map(),
    kept: new Map(),
    schedules: new Map(),
    paused: false,
    sequence: 0,
    fencingToken: 0,
    events: [],
  };
}

/** Takes one element off a list; returns whether it was there. */
export function takeOff<T>(list: T[], element: T): boolean {
  const index = list.indexOf(element);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}

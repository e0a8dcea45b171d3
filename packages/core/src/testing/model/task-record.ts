import type { JobProgress, JobsOptions } from 'bullmq';
import type { TaskOptions } from '../../domain/task-options.js';
import type { NewJob } from '../../bullmq/job-adder.js';

/** Where a task is. `added`, `indexed` and `dispatched` are all `waiting` for everybody outside. */
export type TaskPlace = 'added' | 'indexed' | 'dispatched' | 'delayed' | 'active' | 'completed' | 'failed';

/** One task: the hash of its job. Data and results are JSON, so that nobody changes them from outside. */
export interface TaskRecord {
  readonly jobId: string;
  readonly name: string;
  readonly identifyTag: string;
  dataJson: string;
  readonly opts: JobsOptions & Pick<TaskOptions, 'retryOrder'>;
  readonly timestampMs: number;
  place: TaskPlace;
  /** Its place in the order in which tasks were taken in. */
  sequence: number;
  delayMs: number;
  dueAtMs: number;
  attemptsStarted: number;
  attemptsMade: number;
  processedOnMs: number | undefined;
  processedBy: string | undefined;
  finishedOnMs: number | undefined;
  resultJson: string | undefined;
  failedReason: string | undefined;
  stacktrace: string[];
  progress: JobProgress;
  readonly logs: string[];
  /** Why the next worker that takes it fails it without running it. */
  deferredFailure: string | undefined;
  /** The schedule that made it. */
  readonly scheduleId: string | undefined;
}

export function newTaskRecord(
  { id, name, data, json, opts }: NewJob,
  nowMs: number,
  scheduleId?: string,
): TaskRecord {
  const delayMs = opts.delay ?? 0;
  return {
    jobId: id,
    name,
    identifyTag: data.identifyTag,
    dataJson: json,
    opts,
    timestampMs: nowMs,
    place: delayMs > 0 ? 'delayed' : 'added',
    sequence: 0,
    delayMs,
    dueAtMs: nowMs + delayMs,
    attemptsStarted: 0,
    attemptsMade: 0,
    processedOnMs: undefined,
    processedBy: undefined,
    finishedOnMs: undefined,
    resultJson: undefined,
    failedReason: undefined,
    stacktrace: [],
    progress: 0,
    logs: [],
    deferredFailure: undefined,
    scheduleId,
  };
}

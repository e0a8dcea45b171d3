import type { Job, JobProgress } from 'bullmq';

/**
 * What a handler knows beside the payload.
 *
 * @publicApi
 */
export interface TaskContext {
  /** The BullMQ job that carries the task. */
  readonly job: Job;
  readonly identifyTag: string;
  readonly workerId: string;
  /** 1 at the first start of the task; rises with every start, also after a crash. */
  readonly attempt: number;
  /** 1 for the first task of the batch. */
  readonly batchPosition: number;
  /**
   * Rises with every bind of any tag. An external store that remembers the highest token that it has seen for a tag, and
   * refuses lower ones, is safe from a worker that was declared dead and does not know it yet.
   */
  readonly fencingToken: number;
  /** Aborted when the task is cancelled, times out, or the worker loses its lease or has to stop; `reason` says which. */
  readonly signal: AbortSignal;
  /** Stores the progress and tells `events$`. Rejects once the attempt is not this worker's any more. */
  updateProgress(progress: JobProgress): Promise<void>;
  /** Appends a line to the task's log; resolves to the number of lines. */
  log(row: string): Promise<number>;
}

/**
 * The function for a task type. What it returns is the task's result; what it throws fails the attempt.
 *
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a payload is whatever the producer of that type sends
export type TaskHandlerFunction<Payload = any, Result = unknown> = (
  payload: Payload,
  context: TaskContext,
) => Result | Promise<Result>;

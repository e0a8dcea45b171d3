import type { ReleaseReason } from '../../domain/release-reason.js';
import { release } from './batches.js';
import { advanceSchedule } from './schedules.js';
import type { QueueState, WorkerRecord } from './queue-state.js';
import type { TaskRecord } from './task-record.js';

/** An attempt that a worker has begun. */
export interface TakenTask {
  readonly task: TaskRecord;
  readonly attempt: number;
  readonly batchPosition: number;
  readonly batchSize: number;
  readonly fencingToken: number;
}

/** A worker takes its next task. A batch ends here: when the worker's list is empty. */
export function take(state: QueueState, worker: WorkerRecord, nowMs: number): TakenTask | undefined {
  if (!mayTake(state, worker)) return undefined;
  for (;;) {
    const jobId = worker.wait.shift();
    const task = jobId === undefined ? undefined : state.tasks.get(jobId);
    if (task !== undefined) return start(state, worker, task, nowMs);
    if (jobId === undefined && !endBatch(state, worker)) return undefined;
  }
}

/** Why the next take will end the batch; nothing if it will not. For a worker that has something to do before. */
export function batchOver(state: QueueState, worker: WorkerRecord): ReleaseReason | undefined {
  const isOver = mayTake(state, worker) && !worker.wait.some((jobId) => state.tasks.has(jobId));
  return isOver ? endReason(state, worker) : undefined;
}

function mayTake(state: QueueState, worker: WorkerRecord): boolean {
  return worker.current === undefined && !worker.leaving && !state.paused;
}

function start(state: QueueState, worker: WorkerRecord, task: TaskRecord, nowMs: number): TakenTask {
  const batch = worker.batch!;
  batch.started += 1;
  task.place = 'active';
  task.attemptsStarted += 1;
  task.processedOnMs = nowMs;
  task.processedBy = worker.workerId;
  worker.current = { jobId: task.jobId, attempt: task.attemptsStarted, cancelled: false };
  state.events.push({ type: 'started', jobId: task.jobId });
  advanceSchedule(state, task, nowMs);
  return {
    task,
    attempt: task.attemptsStarted,
    batchPosition: batch.started,
    batchSize: batch.size,
    fencingToken: batch.fencingToken,
  };
}

/** @returns whether a look-ahead began, which may have tasks */
function endBatch(state: QueueState, worker: WorkerRecord): boolean {
  if (worker.batch === undefined) return false;
  return release(state, worker, endReason(state, worker));
}

/** Why a batch ends of which nothing is left. */
function endReason(state: QueueState, { batch }: WorkerRecord): ReleaseReason {
  const tag = batch && state.tags.get(batch.identifyTag);
  if (tag === undefined || tag.ids.length === 0) return 'empty';
  if (tag.paused) return 'paused';
  return batch!.size >= state.options.maxBatchSize ? 'limit' : 'empty';
}

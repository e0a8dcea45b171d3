import { decodeTaskData } from '../../domain/task-data.js';
import type { RetryFilter } from '../../producer/failed-tasks.js';
import type { QueueState } from './queue-state.js';
import type { TaskRecord } from './task-record.js';

/** Gives the failed tasks that match a fresh set of attempts, those that failed first come first; returns how many. */
export function retryFailed(state: QueueState, filter: RetryFilter): number {
  const { identifyTag, type, limit = Number.POSITIVE_INFINITY } = filter;
  const chosen = [...state.failed]
    .flatMap((jobId) => state.tasks.get(jobId) ?? [])
    .filter((task) => identifyTag === undefined || task.identifyTag === identifyTag)
    .filter((task) => type === undefined || typeOf(task) === type)
    .sort((a, b) => (a.finishedOnMs ?? 0) - (b.finishedOnMs ?? 0) || a.sequence - b.sequence)
    .slice(0, limit);
  for (const task of chosen) reprocess(state, task);
  return chosen.length;
}

function typeOf({ name, dataJson }: TaskRecord): string {
  return decodeTaskData(name, JSON.parse(dataJson)).type;
}

function reprocess(state: QueueState, task: TaskRecord): void {
  state.failed.delete(task.jobId);
  task.place = 'added';
  task.attemptsMade = 0;
  task.finishedOnMs = undefined;
  task.processedOnMs = undefined;
  task.failedReason = undefined;
  task.deferredFailure = undefined;
  state.wait.push(task.jobId);
}

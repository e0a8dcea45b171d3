import type { KeepJobs } from 'bullmq';
import type { QueueState } from './queue-state.js';
import type { TaskRecord } from './task-record.js';

/** Removes what the options of a task that has just ended do not keep of those that ended like it. */
export function retain(state: QueueState, task: TaskRecord, nowMs: number): void {
  const list = task.place === 'completed' ? state.completed : state.failed;
  const keep = keepOf(
    task.place === 'completed' ? task.opts.removeOnComplete : task.opts.removeOnFail,
  ) as Partial<Record<'count' | 'age', number>>;
  if (keep.count === 0) {
    forget(state, list, task.jobId);
    return;
  }
  if (keep.age !== undefined) removeOlder(state, list, nowMs - keep.age * 1_000);
  if (keep.count !== undefined) removeBeyond(state, list, keep.count);
}

/** `true` keeps none, `false` all, a number so many. */
function keepOf(option: boolean | number | KeepJobs | undefined): KeepJobs | Record<string, never> {
  if (option === true) return { count: 0 };
  if (typeof option === 'number') return { count: option };
  return typeof option === 'object' ? option : {};
}

function removeOlder(state: QueueState, list: Set<string>, endedBeforeMs: number): void {
  for (const jobId of list) {
    if ((state.tasks.get(jobId)?.finishedOnMs ?? 0) > endedBeforeMs) return;
    forget(state, list, jobId);
  }
}

function removeBeyond(state: QueueState, list: Set<string>, count: number): void {
  for (const jobId of list) {
    if (list.size <= count) return;
    forget(state, list, jobId);
  }
}

function forget(state: QueueState, list: Set<string>, jobId: string): void {
  list.delete(jobId);
  state.tasks.delete(jobId);
}

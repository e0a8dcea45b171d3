import { dropAhead } from './batches.js';
import { freeOnRemoval } from './deduplication.js';
import { slotTaskId } from '../../producer/schedule-info.js';
import { takeOff, type QueueState } from './queue-state.js';
import { changeTag } from './tags.js';
import type { TaskRecord } from './task-record.js';

/** Removes a task that waits or is delayed; the next one of a schedule stays (`scheduled`). */
export function removeUnfinished(
  state: QueueState,
  jobId: string,
): 'removed' | 'running' | 'not-found' | 'scheduled' {
  const task = state.tasks.get(jobId);
  if (task === undefined || task.place === 'completed' || task.place === 'failed') return 'not-found';
  if (task.place === 'active') return 'running';
  if (isNextOfSchedule(state, task)) return 'scheduled';
  drop(state, task);
  return 'removed';
}

/** Removes the waiting tasks of a tag; returns how many. */
export function purgeTag(state: QueueState, identifyTag: string): number {
  const waiting = [...state.tasks.values()].filter(
    (task) => task.identifyTag === identifyTag && isWaiting(task) && !isNextOfSchedule(state, task),
  );
  for (const task of waiting) drop(state, task);
  return waiting.length;
}

/** Without it, no other task of its schedule would be made. */
function isNextOfSchedule(state: QueueState, { jobId, scheduleId }: TaskRecord): boolean {
  const slotMs = scheduleId === undefined ? undefined : state.schedules.get(scheduleId)?.slotMs;
  return slotMs !== undefined && slotTaskId(scheduleId!, slotMs) === jobId;
}

/** Whether a task is due and not yet running, wherever it is. */
export function isWaiting({ place }: TaskRecord): boolean {
  return place === 'added' || place === 'indexed' || place === 'dispatched';
}

/** Forgets a task that waits or is delayed. */
export function drop(state: QueueState, task: TaskRecord): void {
  state.tasks.delete(task.jobId);
  freeOnRemoval(state, task);
  if (task.place === 'delayed') state.delayed.delete(task.jobId);
  else if (task.place === 'added') takeOff(state.wait, task.jobId);
  else if (task.place === 'indexed') unindex(state, task);
  else undispatch(state, task);
}

/** A back-off ends with the task at the head of the tag, which the others wait for. */
function unindex(state: QueueState, { identifyTag, jobId }: TaskRecord): void {
  changeTag(state, identifyTag, (tag) => {
    if (tag.ids[0] === jobId) tag.parkedUntilMs = undefined;
    takeOff(tag.ids, jobId);
  });
}

function undispatch(state: QueueState, { identifyTag, jobId }: TaskRecord): void {
  for (const owner of state.tags.get(identifyTag)?.owners ?? []) {
    const worker = state.workers.get(owner);
    if (worker === undefined || takeOff(worker.wait, jobId)) continue;
    if (takeOff(worker.next, jobId) && worker.next.length === 0) dropAhead(state, worker);
  }
}

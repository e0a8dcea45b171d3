import type { NewJob } from '../../bullmq/job-adder.js';
import { deduplicate, type Insert } from './deduplication.js';
import { index } from './indexing.js';
import type { QueueState } from './queue-state.js';
import { tagOf } from './tags.js';
import { newTaskRecord, type TaskRecord } from './task-record.js';

/**
 * Adds a task.
 *
 * @returns its id; the id of the task that there is already, under the same `jobId` or deduplication id
 */
export function addTask(state: QueueState, job: NewJob, nowMs: number): string {
  const { id: jobId } = job;
  if (state.tasks.has(jobId)) return jobId;
  const present = deduplicate(state, job, nowMs);
  if (present !== undefined) return present;
  insertTask(state, job, nowMs);
  return jobId;
}

/** Stores a task and lets it wait, or be delayed. */
export const insertTask: Insert = (state, job, nowMs, scheduleId) => {
  const task = newTaskRecord(job, nowMs, scheduleId);
  state.tasks.set(task.jobId, task);
  state.events.push({ type: 'added', jobId: task.jobId, name: task.name });
  if (task.place === 'delayed') state.delayed.add(task.jobId);
  else if (state.wait.length > 0 || task.opts.deduplication !== undefined) state.wait.push(task.jobId);
  else indexAtOnce(state, task);
};

/** Nothing waits to be taken in, so that a task overtakes nobody. */
function indexAtOnce(state: QueueState, task: TaskRecord): void {
  index(state, task);
  if (tagOf(state, task.identifyTag).owners.length > 0) state.touched.add(task.identifyTag);
}

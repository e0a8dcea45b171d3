import type { QueueState } from './queue-state.js';
import { changeTag } from './tags.js';
import type { TaskRecord } from './task-record.js';

/** Puts a task at the end of its tag's list. */
export function index(state: QueueState, task: TaskRecord): void {
  task.place = 'indexed';
  task.sequence = ++state.sequence;
  changeTag(state, task.identifyTag, ({ ids }) => ids.push(task.jobId));
}

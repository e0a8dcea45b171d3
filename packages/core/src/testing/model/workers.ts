import { dropAhead } from './batches.js';
import { takeOff, type QueueState, type WorkerRecord } from './queue-state.js';
import { changeTag, returnToTag } from './tags.js';

/** A worker joins its queue, idle. */
export function registerWorker(state: QueueState, workerId: string, startedAtMs = 0): WorkerRecord {
  const worker: WorkerRecord = {
    workerId,
    startedAtMs,
    batch: undefined,
    wait: [],
    ahead: undefined,
    next: [],
    current: undefined,
    short: false,
    leaving: false,
  };
  state.workers.set(workerId, worker);
  state.idle.push(workerId);
  return worker;
}

/** A worker that is about to retire gets nothing new, and gives back what it has not taken. */
export function leaveWorker(state: QueueState, worker: WorkerRecord): void {
  takeOff(state.idle, worker.workerId);
  worker.leaving = true;
  dropAhead(state, worker, 'head');
  takeOff(state.hungry, worker.workerId);
  if (worker.batch === undefined) return;
  changeTag(state, worker.batch.identifyTag, (tag) => returnToTag(state, tag, worker.wait), 'head');
}

/** Takes a worker out: also its current task goes back to the head of its tag. Returns how many tasks went back. */
export function retireWorker(state: QueueState, worker: WorkerRecord): number {
  leaveWorker(state, worker);
  state.workers.delete(worker.workerId);
  const { batch, current, workerId } = worker;
  if (batch === undefined) return 0;
  const { identifyTag, size } = batch;
  const task = current && state.tasks.get(current.jobId);
  worker.batch = undefined;
  worker.current = undefined;
  changeTag(
    state,
    identifyTag,
    ({ ids, owners }) => {
      if (task !== undefined) {
        task.place = 'indexed';
        if (current?.cancelled) task.deferredFailure = `Task '${task.jobId}' was cancelled`;
        ids.unshift(task.jobId);
      }
      takeOff(owners, workerId);
    },
    'head',
  );
  state.events.push({ type: 'released', identifyTag, workerId, size, reason: 'shutdown' });
  return task === undefined ? 0 : 1;
}

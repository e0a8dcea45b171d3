import type { JobState } from 'bullmq';
import type { WorkerState } from '../../domain/worker-state.js';
import type { QueueStats, TagStats } from '../../producer/queue-stats.js';
import { isHeld } from './tags.js';
import type { QueueState, WorkerRecord } from './queue-state.js';
import { isWaiting } from './removing.js';
import type { TaskRecord } from './task-record.js';

/** BullMQ's word for where a task is. */
export function stateOf({ place }: TaskRecord): JobState {
  return place === 'added' || place === 'indexed' || place === 'dispatched' ? 'waiting' : place;
}

/** The numbers of a queue. */
export function queueStats(state: QueueState): QueueStats {
  const tasks = [...state.tasks.values()];
  const tags = [...state.tags.values()];
  const held = tags.filter((tag) => tag.parkedUntilMs !== undefined || (isHeld(tag) && tag.ids.length > 0));
  return {
    waiting: tasks.filter(isWaiting).length,
    active: tasks.filter(({ place }) => place === 'active').length,
    delayed: state.delayed.size,
    completed: state.completed.size,
    failed: state.failed.size,
    paused: state.paused,
    tagsWaiting: state.ring.length + held.length,
    tagsBound: tags.filter(({ owners }) => owners.length > 0).length,
    workersIdle: state.idle.length,
    workersRunning: state.workers.size - state.idle.length,
  };
}

/** What there is of one tag. */
export function tagStats(state: QueueState, identifyTag: string): TagStats {
  const tag = state.tags.get(identifyTag);
  const boundTo = [...new Set(tag?.owners)];
  const owners = boundTo.flatMap((owner) => state.workers.get(owner) ?? []);
  const ofBatch = owners.filter(({ batch }) => batch?.identifyTag === identifyTag);
  const ofAhead = owners.filter(({ ahead }) => ahead?.identifyTag === identifyTag);
  return {
    identifyTag,
    waiting:
      (tag?.ids.length ?? 0) +
      total(ofBatch.map(({ wait }) => wait.length)) +
      total(ofAhead.map(({ next }) => next.length)),
    active: ofBatch.filter(({ current }) => current !== undefined).length,
    boundTo,
    paused: tag?.paused ?? false,
    parkedUntil: tag?.parkedUntilMs ?? null,
  };
}

/** What a worker is doing. */
export function workerState({ workerId, batch }: WorkerRecord): WorkerState {
  return {
    workerId,
    status: batch === undefined ? 'idle' : 'running',
    currentIdentifyTag: batch?.identifyTag ?? null,
    currentBatchSize: batch?.size ?? 0,
  };
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

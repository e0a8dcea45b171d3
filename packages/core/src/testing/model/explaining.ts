import {
  decodeExplainReply,
  type OwnerFacts,
  type TaskFacts,
  type TaskPlace,
} from '../../producer/explain/explain-reply.js';
import type { QueueState, WorkerRecord } from './queue-state.js';
import type { TaskRecord } from './task-record.js';

/** As BullMQ scores what is delayed. */
const delayedScale = 4_096;

/** What the model cannot know of itself. */
export interface Surroundings {
  readonly nowMs: number;
  /** Lock value of the leader. */
  readonly lock: string | undefined;
}

interface Found {
  readonly place: TaskPlace;
  readonly position?: number | undefined;
  readonly worker?: string;
}

/** Where a task is and what it waits for: what the script `explainTask` says. */
export function taskFacts(state: QueueState, jobId: string, { nowMs, lock }: Surroundings): TaskFacts {
  const task = state.tasks.get(jobId);
  if (task === undefined) return decodeExplainReply([['place', 'none'], []]);
  const tag = state.tags.get(task.identifyTag);
  const { default: limit, tags: limits } = state.options.identifyTagConcurrency;
  const inRing = state.ring.indexOf(task.identifyTag);
  const { place, position, worker } = find(state, task);
  const facts: Readonly<Record<string, string | number | undefined>> = {
    place,
    position,
    worker,
    score: task.place === 'delayed' ? task.dueAtMs * delayedScale : task.finishedOnMs,
    tag: task.identifyTag,
    name: task.name,
    made: task.attemptsMade,
    started: task.attemptsStarted,
    timestamp: task.timestampMs,
    processedOn: task.processedOnMs,
    finishedOn: task.finishedOnMs,
    failedReason: task.failedReason,
    deferred: task.deferredFailure,
    schedule: task.scheduleId,
    parkedUntil: tag?.parkedUntilMs,
    tagPaused: tag?.paused === true ? 1 : 0,
    queuePaused: state.paused ? 1 : 0,
    lock,
    tagLength: tag?.ids.length ?? 0,
    limit: Math.max(1, limits[task.identifyTag] ?? limit),
    workers: state.workers.size,
    idle: state.idle.length,
    tagsBefore: inRing < 0 ? undefined : inRing,
    now: nowMs,
  };
  const owners = [...new Set(tag?.owners)].flatMap((owner) => state.workers.get(owner) ?? []).map(ownerFacts);
  return {
    place,
    position,
    worker,
    owners,
    text: (name) => facts[name]?.toString(),
    number: (name) => Number(facts[name] ?? 0),
  };
}

function find(state: QueueState, task: TaskRecord): Found {
  const { jobId, place } = task;
  switch (place) {
    case 'added':
      return { place, position: positionIn(state.wait, jobId) };
    case 'indexed':
      return { place, position: positionIn(state.tags.get(task.identifyTag)?.ids, jobId) };
    case 'active':
      return { place: 'running', worker: task.processedBy ?? '' };
    case 'dispatched':
      return findAtWorker(state, jobId);
    default:
      return { place };
  }
}

function findAtWorker(state: QueueState, jobId: string): Found {
  for (const { workerId: worker, wait, next } of state.workers.values()) {
    const inBatch = positionIn(wait, jobId);
    if (inBatch !== undefined) return { place: 'dispatched', position: inBatch, worker };
    const inNext = positionIn(next, jobId);
    if (inNext !== undefined) return { place: 'ahead', position: inNext, worker };
  }
  return { place: 'lost' };
}

function ownerFacts({ workerId, batch, ahead, current, wait }: WorkerRecord): OwnerFacts {
  return {
    workerId,
    tag: batch?.identifyTag ?? null,
    batchSize: batch?.size ?? 0,
    nextTag: ahead?.identifyTag ?? null,
    running: current?.jobId ?? null,
    waiting: wait.length,
  };
}

/** 1 for the next one. */
function positionIn(ids: readonly string[] | undefined, jobId: string): number | undefined {
  const index = ids?.indexOf(jobId) ?? -1;
  return index < 0 ? undefined : index + 1;
}

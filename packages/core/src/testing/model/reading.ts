import type { JobState } from 'bullmq';
import type { WorkerState } from '../../domain/worker-state.js';
import type { RegisteredWorker } from '../../bullmq/registered-workers.js';
import type { QueueStats, TagStats } from '../../producer/queue-stats.js';
import { byWaiting, type TagOverview } from '../../producer/tag-overview.js';
import type { WorkerDetails } from '../../producer/worker-details.js';
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

/** The tags that have tasks or workers: at most so many bound, ready, backing off and paused ones. */
export function tagOverviews(state: QueueState, limit: number): TagOverview[] {
  const tags = [...state.tags].map(([identifyTag, tag]) => ({ identifyTag, ...tag }));
  const kinds = [
    tags.filter(({ owners }) => owners.length > 0).map(({ identifyTag }) => identifyTag),
    state.ring,
    tags.filter((tag) => tag.parkedUntilMs !== undefined).map(({ identifyTag }) => identifyTag),
    tags.filter(({ paused }) => paused).map(({ identifyTag }) => identifyTag),
  ];
  const chosen = new Set(kinds.flatMap((kind) => kind.slice(0, limit)));
  return [...chosen].map((identifyTag) => tagOverview(state, identifyTag)).sort(byWaiting);
}

function tagOverview(state: QueueState, identifyTag: string): TagOverview {
  const { waiting, active: running, boundTo, paused, parkedUntil } = tagStats(state, identifyTag);
  const [first] = state.tags.get(identifyTag)?.ids ?? [];
  const waitingSince = (first !== undefined && state.tasks.get(first)?.timestampMs) || null;
  const held = parkedUntil === null ? 'ready' : 'parked';
  const kind = paused ? 'paused' : boundTo.length > 0 ? 'bound' : held;
  return { identifyTag, state: kind, waiting, running, waitingSince, parkedUntil, boundTo };
}

/** A worker, with what it has and what it says about itself. */
export function workerDetails(worker: WorkerRecord, said: Omit<RegisteredWorker, 'workerId'>): WorkerDetails {
  const { workerId, batch, wait, ahead, current, leaving } = worker;
  const { nodeId, hostname, processId, startTime, lastHeartbeat, types = null } = said;
  return {
    workerId,
    status: leaving ? 'leaving' : batch === undefined ? 'idle' : 'running',
    nodeId,
    hostname,
    processId,
    startTime,
    lastHeartbeat,
    types,
    batch:
      batch === undefined
        ? null
        : {
            identifyTag: batch.identifyTag,
            position: batch.started,
            size: batch.size,
            waiting: wait.length,
          },
    currentJobId: current?.jobId ?? null,
    nextIdentifyTag: ahead?.identifyTag ?? null,
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

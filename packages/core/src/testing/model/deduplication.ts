import type { DeduplicationOptions } from 'bullmq';
import type { NewJob } from '../../bullmq/job-adder.js';
import type { QueueState } from './queue-state.js';
import type { TaskRecord } from './task-record.js';

/* BullMQ's deduplication, in all its modes: simple, throttle (ttl), debounce (extend, replace), reschedule, keepLastIfActive. */

export type Insert = (state: QueueState, job: NewJob, nowMs: number, scheduleId?: string) => void;

/** @returns the id of the task that is there instead; nothing where this one is to be added */
export function deduplicate(state: QueueState, job: NewJob, nowMs: number): string | undefined {
  const { id: jobId } = job;
  const { deduplication, delay = 0 } = job.opts;
  if (deduplication === undefined) return undefined;
  const holder = holderOf(state, deduplication.id, nowMs);
  if (holder === undefined) {
    hold(state, deduplication, jobId, nowMs);
    return undefined;
  }
  const present = state.tasks.get(holder);
  // Its task was removed by retention while the time to live goes on.
  if (present === undefined && ttlOf(deduplication) === undefined) {
    hold(state, deduplication, jobId, nowMs);
    return undefined;
  }
  if (deduplication.replace && present?.place === 'delayed') {
    replace(state, deduplication, present, jobId, nowMs);
    return undefined;
  }
  if (keepForLater(state, deduplication, present, job)) return holder;
  if (deduplication.replace) return holder;
  if (deduplication.extend && ttlOf(deduplication) !== undefined) hold(state, deduplication, holder, nowMs);
  if (deduplication.reschedule && present?.place === 'delayed') {
    present.delayMs = delay;
    present.dueAtMs = nowMs + delay;
  }
  return holder;
}

/** A task has ended: its id is free, unless it is held for a time. What was kept for its end is added. */
export function freeOnEnd(state: QueueState, task: TaskRecord, nowMs: number, insert: Insert): void {
  const id = task.opts.deduplication?.id;
  if (id === undefined) return;
  const entry = state.deduplication.get(id);
  if (entry?.jobId === task.jobId && entry.expiresAtMs === undefined) state.deduplication.delete(id);
  const kept = state.kept.get(id);
  if (kept === undefined) return;
  state.kept.delete(id);
  hold(state, kept.opts.deduplication!, kept.id, nowMs);
  insert(state, kept, nowMs);
}

/** A task was removed before its end. */
export function freeOnRemoval(state: QueueState, task: TaskRecord): void {
  const id = task.opts.deduplication?.id;
  if (id === undefined || state.deduplication.get(id)?.jobId !== task.jobId) return;
  state.deduplication.delete(id);
  state.kept.delete(id);
}

function holderOf(state: QueueState, id: string, nowMs: number): string | undefined {
  const entry = state.deduplication.get(id);
  if (entry?.expiresAtMs !== undefined && entry.expiresAtMs <= nowMs) {
    state.deduplication.delete(id);
    return undefined;
  }
  return entry?.jobId;
}

/** `keepLastIfActive` has no time: the id is held until its task has ended. */
function ttlOf({ ttl, keepLastIfActive }: DeduplicationOptions): number | undefined {
  return ttl !== undefined && ttl > 0 && !keepLastIfActive ? ttl : undefined;
}

function hold(state: QueueState, options: DeduplicationOptions, jobId: string, nowMs: number): void {
  const ttl = ttlOf(options);
  state.deduplication.set(options.id, { jobId, expiresAtMs: ttl === undefined ? undefined : nowMs + ttl });
}

/** The delayed task gives way; unless the time is to be extended, what is left of it stays. */
function replace(
  state: QueueState,
  options: DeduplicationOptions,
  present: TaskRecord,
  jobId: string,
  nowMs: number,
): void {
  const before = state.deduplication.get(options.id);
  state.tasks.delete(present.jobId);
  state.delayed.delete(present.jobId);
  state.kept.delete(options.id);
  if (before !== undefined && !options.extend && ttlOf(options) !== undefined)
    state.deduplication.set(options.id, { ...before, jobId });
  else hold(state, options, jobId, nowMs);
}

function keepForLater(
  state: QueueState,
  options: DeduplicationOptions,
  present: TaskRecord | undefined,
  job: NewJob,
): boolean {
  if (!options.keepLastIfActive || present?.place !== 'active') return false;
  state.kept.set(options.id, job);
  return true;
}

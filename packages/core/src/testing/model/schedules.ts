import type { NewJob } from '../../bullmq/job-adder.js';
import type { CheckedTiming } from '../../domain/schedule.js';
import { isEncoded } from '../../domain/payload-codec.js';
import { nextCronSlot, nextIntervalSlot } from '../../domain/schedule-slots.js';
import { newSchedule, slotTaskId, type Schedule } from '../../producer/schedule-info.js';
import { insertTask } from './adding.js';
import type { QueueState } from './queue-state.js';
import { drop } from './removing.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { TaskRecord } from './task-record.js';

/** Adds or changes a schedule: what the script `upsertScheduler` does. */
export function setSchedule(
  state: QueueState,
  id: string,
  timing: CheckedTiming,
  job: NewJob,
  nowMs: number,
): Schedule {
  const present = state.schedules.get(id);
  const task = present && slotTask(state, present);
  const isKept = present !== undefined && hasTiming(present, timing);
  const ended = task === undefined || task.finishedOnMs !== undefined;
  const isOver =
    ended && present !== undefined && present.count >= (timing.limit ?? Number.POSITIVE_INFINITY);
  if (isKept && (isOver || (!ended && (!waits(task) || hasTemplate(present, job))))) {
    if (!isOver) state.schedules.set(id, { ...present, job });
    return view(state, state.schedules.get(id)!);
  }
  if (isKept && !ended && isEncodedAnew(present.job, job)) {
    task.dataJson = job.json;
    state.schedules.set(id, { ...present, job });
    return view(state, state.schedules.get(id)!);
  }
  if (task !== undefined && waits(task)) drop(state, task);
  if (!isKept) begin(state, { id, timing, job, count: 1 }, firstSlot(timing, nowMs), nowMs);
  else if (ended) resume(state, { ...present, job }, nowMs);
  else begin(state, { ...present, job }, present.slotMs, nowMs);
  const record = state.schedules.get(id);
  return record === undefined ? newSchedule(id, timing, job) : view(state, record);
}

/** A task has started: the next one of its schedule is made, what the script `advanceScheduler` does. */
export function advanceSchedule(state: QueueState, { scheduleId, jobId }: TaskRecord, nowMs: number): void {
  const schedule = scheduleId === undefined ? undefined : state.schedules.get(scheduleId);
  if (schedule === undefined || slotTaskId(schedule.id, schedule.slotMs) !== jobId) return;
  if (schedule.count < (schedule.timing.limit ?? Number.POSITIVE_INFINITY)) resume(state, schedule, nowMs);
}

/** Removes a schedule, and its next task if that has not started: what the script `removeScheduler` does. */
export function removeSchedule(state: QueueState, id: string): boolean {
  const schedule = state.schedules.get(id);
  const task = schedule && slotTask(state, schedule);
  if (task !== undefined && waits(task) && task.attemptsStarted === 0) drop(state, task);
  return state.schedules.delete(id);
}

export function readSchedule(state: QueueState, id: string): Schedule | undefined {
  const schedule = state.schedules.get(id);
  return schedule && view(state, schedule);
}

/** Those first whose latest task is due first. */
export function readSchedules(state: QueueState, limit: number): Schedule[] {
  return [...state.schedules.values()]
    .sort((a, b) => a.slotMs - b.slotMs || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
    .map((schedule) => view(state, schedule));
}

function firstSlot(timing: CheckedTiming, nowMs: number): number | undefined {
  const { cron, startDate = nowMs } = timing;
  return cron === undefined ? Math.max(startDate, nowMs) : nextCronSlot({ ...timing, cron }, nowMs);
}

/** After a slot that has begun. */
function resume(state: QueueState, schedule: ScheduleRecord, nowMs: number): void {
  const { timing, slotMs, offsetMs: offset, count } = schedule;
  const { cron, every = 0, endDate = Number.POSITIVE_INFINITY } = timing;
  const slot =
    cron === undefined
      ? nextIntervalSlot({ every, offset }, slotMs, nowMs)
      : nextCronSlot({ ...timing, cron }, Math.max(slotMs, nowMs));
  if (slot !== undefined && slot <= endDate) begin(state, { ...schedule, count: count + 1 }, slot, nowMs);
}

type Unplaced = Pick<ScheduleRecord, 'id' | 'timing' | 'job' | 'count'>;

/** Makes the task of a slot; where one of that slot is still kept, of a later one. */
function begin(state: QueueState, schedule: Unplaced, slot: number | undefined, nowMs: number): void {
  if (slot === undefined) return;
  const { id, timing, job, count } = schedule;
  const { every } = timing;
  let slotMs = slot;
  while (every !== undefined && state.tasks.has(slotTaskId(id, slotMs))) slotMs += every;
  const offsetMs = every === undefined ? 0 : slotMs % every;
  state.schedules.set(id, { id, timing, job, slotMs, offsetMs, count });
  const opts = { ...job.opts, delay: Math.max(0, slotMs - nowMs) };
  insertTask(state, { ...job, id: slotTaskId(id, slotMs), opts, timestamp: nowMs }, nowMs, id);
}

function slotTask(state: QueueState, { id, slotMs }: ScheduleRecord): TaskRecord | undefined {
  return state.tasks.get(slotTaskId(id, slotMs));
}

function waits({ place }: TaskRecord): boolean {
  return place !== 'active' && place !== 'completed' && place !== 'failed';
}

function hasTiming({ timing }: ScheduleRecord, other: CheckedTiming): boolean {
  const names = ['cron', 'tz', 'every', 'startDate', 'endDate', 'limit'] as const;
  return names.every((name) => timing[name] === other[name]);
}

function hasTemplate({ job }: ScheduleRecord, other: NewJob): boolean {
  return job.name === other.name && job.json === other.json && job.optsJson === other.optsJson;
}

/** A codec may encode the same payload differently each time; what waits keeps its place then. */
function isEncodedAnew(before: NewJob, after: NewJob): boolean {
  return (
    [before, after].every(({ json }) => isEncoded(JSON.parse(json))) &&
    before.name === after.name &&
    before.data.identifyTag === after.data.identifyTag &&
    before.optsJson === after.optsJson
  );
}

function view(state: QueueState, schedule: ScheduleRecord): Schedule {
  const { id, timing, job, slotMs, count } = schedule;
  const task = slotTask(state, schedule);
  const isNext = task !== undefined && waits(task);
  return {
    ...newSchedule(id, timing, job),
    runs: isNext ? count - 1 : count,
    next: isNext ? slotMs : null,
    nextJobId: isNext ? task.jobId : null,
  };
}

import { Job, type JobsOptions } from 'bullmq';
import type { NewJob } from '../bullmq/job-adder.js';
import type { CheckedTiming } from '../domain/schedule.js';
import { decodeTaskData } from '../domain/task-data.js';
import type { Task } from '../domain/task.js';

/**
 * A schedule, and where it is. Times are ms since the epoch.
 *
 * @publicApi
 */
export interface Schedule {
  readonly id: string;
  /** Of a schedule with a cron expression. */
  readonly cron: string | null;
  /** The time zone of the expression. */
  readonly tz: string | null;
  /** ms; of a schedule with an interval. */
  readonly every: number | null;
  readonly startDate: number | null;
  readonly endDate: number | null;
  readonly limit: number | null;
  /** What it adds. */
  readonly task: Task<unknown>;
  /** The options of its tasks, as BullMQ keeps them. */
  readonly options: JobsOptions;
  /** How many of its tasks have started, since its timing was set. */
  readonly runs: number;
  /** When its next task is due, or was due, if that waits for its turn; `null`: there is none (any more). */
  readonly next: number | null;
  /** The id of that task. */
  readonly nextJobId: string | null;
}

/** A schedule without a task. */
export function newSchedule(id: string, timing: CheckedTiming, { json, name, opts }: NewJob): Schedule {
  const { cron, tz, every, startDate, endDate, limit } = timing;
  return {
    id,
    cron: cron ?? null,
    tz: tz ?? null,
    every: every ?? null,
    startDate: startDate ?? null,
    endDate: endDate ?? null,
    limit: limit ?? null,
    task: decodeTaskData(name, JSON.parse(json)),
    options: structuredClone(opts),
    runs: 0,
    next: null,
    nextJobId: null,
  };
}

/** Where the task of the current slot is; the words of the script `getSchedules`. */
export type SlotState = 'delayed' | 'indexed' | 'added' | 'started' | 'ended';

type Row = readonly [id: string, slot: string, state: SlotState, hash: readonly string[]];

/** The id that BullMQ gives the task of a slot. */
export function slotTaskId(scheduleId: string, slotMs: number): string {
  return `repeat:${scheduleId}:${slotMs}`;
}

/** The reply of `getSchedules`; what is no task of ours has an empty tag. */
export function decodeSchedules(reply: unknown): Schedule[] {
  return (reply as readonly Row[]).map(([id, slot, state, hash]) => {
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < hash.length; i += 2) fields.set(hash[i] ?? '', hash[i + 1] ?? '');
    const text = (field: string): string | null => fields.get(field) ?? null;
    const number = (field: string): number | null => (fields.has(field) ? Number(fields.get(field)) : null);
    const waits = state !== 'started' && state !== 'ended';
    return {
      id,
      cron: text('pattern'),
      tz: text('tz'),
      every: number('every'),
      startDate: number('startDate'),
      endDate: number('endDate'),
      limit: number('limit'),
      task: decodeTemplate(fields.get('name') ?? '', fields.get('data')),
      options: Job.optsFromJSON(fields.get('opts')),
      runs: (number('ic') ?? 1) - (waits ? 1 : 0),
      next: waits ? Number(slot) : null,
      nextJobId: waits ? `repeat:${id}:${slot}` : null,
    };
  });
}

/** Others may have scheduled what is no task. */
function decodeTemplate(name: string, json: string | undefined): Task<unknown> {
  try {
    return decodeTaskData(name, JSON.parse(json ?? '{}'));
  } catch {
    return { type: name, identifyTag: '', payload: null };
  }
}

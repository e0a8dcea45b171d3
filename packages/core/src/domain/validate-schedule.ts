import { InvalidScheduleError } from '../errors/errors.js';
import type { CheckedTiming, ScheduleTiming } from './schedule.js';
import { nextCronSlot } from './schedule-slots.js';
import { isCount, isRecord } from './task-option-rules.js';
import { displayValue, isWellFormed, shorten, utf8Bytes } from './text.js';

/** Longest id of a schedule, in bytes of UTF-8. */
export const maxScheduleIdBytes = 200;

/** BullMQ scores delayed tasks with `due time × 4096`, which stays exact until the year 2039. */
const maxAheadMs = 10 * 365 * 86_400_000;

const known: ReadonlySet<string> = new Set(['cron', 'every', 'tz', 'startDate', 'endDate', 'limit']);
const elsewhere: Readonly<Record<string, string>> = {
  pattern: 'nothing: a cron expression is called cron',
  immediately: 'nothing: an interval begins at once; for a cron schedule, add a task beside it',
  offset: 'nothing: startDate decides where the intervals begin',
};

/** Why something cannot be the id of a schedule. */
function scheduleIdProblem(id: unknown): string | undefined {
  if (typeof id !== 'string' || id === '') return 'a text that is not empty';
  if (!isWellFormed(id) || /\p{Cc}/u.test(id)) return 'well-formed text without control characters';
  if (utf8Bytes(id) > maxScheduleIdBytes) return `at most ${maxScheduleIdBytes} bytes`;
  // The tasks of schedule "a" are "repeat:a:<ms>".
  if (/:\d*$/.test(id)) return 'an id that does not end in a number behind a colon';
  // BullMQ takes such ids for repeatable jobs of its version 5.
  if (id.split(':').length > 4) return 'at most three colons';
  return undefined;
}

/** @throws {@link InvalidScheduleError} */
export function assertValidScheduleId(id: unknown): asserts id is string {
  const allowed = scheduleIdProblem(id);
  if (allowed === undefined) return;
  const value = typeof id === 'string' ? JSON.stringify(shorten(id, maxScheduleIdBytes)) : displayValue(id);
  throw new InvalidScheduleError({ option: 'id', value, allowed });
}

/**
 * Checks when a schedule is to run.
 *
 * @throws {@link InvalidScheduleError}
 */
export function checkTiming(timing: ScheduleTiming, nowMs: number): CheckedTiming {
  if (!isRecord(timing)) refuse('timing', timing, '{ cron } or { every }');
  const { cron, every, tz, limit, ...rest } = definedOnly(timing);
  for (const option of Object.keys(rest)) {
    if (!known.has(option))
      refuse(option, rest[option], elsewhere[option] ?? 'nothing: there is no such option');
  }
  if ((cron === undefined) === (every === undefined)) {
    refuse(cron === undefined ? 'timing' : 'every', timing, 'either cron or every');
  }
  if (every !== undefined && !isCount(every, 1, maxAheadMs)) {
    refuse('every', every, `a whole number of milliseconds from 1 to ${maxAheadMs} (ten years)`);
  }
  if (every !== undefined && tz !== undefined) refuse('tz', tz, 'a time zone only beside cron');
  if (limit !== undefined && !isCount(limit, 1)) refuse('limit', limit, 'a whole number of 1 or more');
  const startDate = asTime('startDate', rest.startDate);
  const endDate = asTime('endDate', rest.endDate);
  if (startDate !== undefined && startDate > nowMs + maxAheadMs) {
    refuse('startDate', rest.startDate, 'a time within ten years');
  }
  if (endDate !== undefined && endDate < Math.max(nowMs, startDate ?? nowMs)) {
    refuse('endDate', rest.endDate, 'a time that is not over, and not before startDate');
  }
  const checked = {
    every: every,
    limit: limit,
    startDate,
    endDate,
  };
  if (cron === undefined) return { ...checked, cron, tz: undefined };
  return { ...checked, ...checkCron(cron, tz ?? 'UTC', checked, nowMs) };
}

function checkCron(
  cron: unknown,
  tz: unknown,
  limits: Pick<CheckedTiming, 'startDate' | 'endDate'>,
  nowMs: number,
): { cron: string; tz: string } {
  if (typeof tz !== 'string' || !isTimeZone(tz)) refuse('tz', tz, 'a time zone such as Europe/Berlin');
  const allowed = 'a cron expression of five fields, or six with seconds in front';
  if (typeof cron !== 'string' || !/\S\s+\S|^@\w+$/.test(cron)) return refuse('cron', cron, allowed);
  // cron-parser draws a new number for H each time.
  if (/(^|[\s,])H/.test(cron)) refuse('cron', cron, `${allowed}, without H`);
  let slot: number | undefined;
  try {
    slot = nextCronSlot({ cron, tz, ...limits }, nowMs);
  } catch (error) {
    refuse('cron', cron, `${allowed} (${error instanceof Error ? error.message : 'unreadable'})`);
  }
  if (slot === undefined) refuse('cron', cron, 'an expression that has a time before endDate');
  return { cron, tz };
}

function isTimeZone(tz: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz });
    return true;
  } catch {
    return false;
  }
}

function asTime(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const isDate = value instanceof Date || typeof value === 'string' || typeof value === 'number';
  const ms = isDate ? new Date(value).getTime() : Number.NaN;
  if (!(ms >= 0)) refuse(option, value, 'a Date, a text that Date can read, or ms since the epoch');
  return Math.floor(ms);
}

function definedOnly(timing: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(timing).filter(([, value]) => value !== undefined));
}

function refuse(option: string, value: unknown, allowed: string): never {
  throw new InvalidScheduleError({ option, value: displayValue(value), allowed });
}

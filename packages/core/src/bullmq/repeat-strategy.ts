import type { RepeatOptions } from 'bullmq';
import { nextCronSlot } from '../domain/schedule-slots.js';

/** Tells BullMQ's job schedulers when a pattern comes next: as BullMQ does, but a slot at `startDate` itself counts. */
export function repeatStrategy(afterMs: number, options: RepeatOptions): number | undefined {
  const { pattern = '', tz, startDate, endDate, immediately = false } = options;
  if (immediately) return Date.now();
  const slots = { cron: pattern, tz, startDate: asMs(startDate), endDate: asMs(endDate) };
  return nextCronSlot(slots, afterMs);
}

function asMs(time: Date | string | number | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime();
}

import { CronExpressionParser } from 'cron-parser';

/** What decides when a cron schedule runs. */
export interface CronSlots {
  readonly cron: string;
  /** The time zone of this process, if left out. */
  readonly tz?: string | undefined;
  /** ms since the epoch, as all times here. */
  readonly startDate?: number | undefined;
  readonly endDate?: number | undefined;
}

/**
 * The first slot of a cron expression after a moment, not before its start and not after its end; `undefined`: there is none.
 *
 * @throws Error for what is no cron expression, or never comes, or no time zone
 */
export function nextCronSlot(
  { cron, tz, startDate, endDate }: CronSlots,
  afterMs: number,
): number | undefined {
  // A slot at the start itself counts.
  const from = startDate === undefined ? afterMs : Math.max(afterMs, startDate - 1);
  const expression = CronExpressionParser.parse(cron, {
    currentDate: new Date(from),
    ...(tz !== undefined && { tz }),
  });
  const slot = expression.next().getTime();
  return endDate !== undefined && slot > endDate ? undefined : slot;
}

/** What decides when a schedule with an interval runs. */
export interface IntervalSlots {
  /** ms */
  readonly every: number;
  /** Where in an interval its slots are, counted from the epoch. */
  readonly offset: number;
}

/** The slot after one that has begun. Those that have passed meanwhile are left out: as BullMQ's scripts have it. */
export function nextIntervalSlot({ every, offset }: IntervalSlots, slotMs: number, nowMs: number): number {
  const next = slotMs + every;
  if (next >= nowMs) return next;
  const aligned = Math.floor(nowMs / every) * every + offset;
  return aligned <= nowMs ? aligned + every : aligned;
}

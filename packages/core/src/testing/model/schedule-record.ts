import type { NewJob } from '../../bullmq/job-adder.js';
import type { CheckedTiming } from '../../domain/schedule.js';

/** A schedule: what BullMQ's job schedulers keep of one. */
export interface ScheduleRecord {
  readonly id: string;
  readonly timing: CheckedTiming;
  /** What it adds. */
  readonly job: NewJob;
  /** When its latest task is, or was, due. */
  readonly slotMs: number;
  /** Where in an interval its slots are. */
  readonly offsetMs: number;
  /** Tasks that it has made since its timing was set. */
  readonly count: number;
}

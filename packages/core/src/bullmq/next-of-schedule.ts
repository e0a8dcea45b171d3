import { UnsupportedOperationError } from '../errors/errors.js';

/** BullMQ's code where a task is the next one of a job scheduler. */
export const belongsToScheduler = -8;

/** Without its next task, a schedule would make no other one. */
export function nextOfSchedule(jobId: string): UnsupportedOperationError {
  const reason = `task ${JSON.stringify(jobId)} is the next one of a schedule, which would end with it; use unschedule`;
  return new UnsupportedOperationError({ operation: 'remove', reason });
}

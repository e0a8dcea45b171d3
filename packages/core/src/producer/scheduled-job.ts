import type { NewJob } from '../bullmq/job-adder.js';
import type { ScheduledTaskOptions } from '../domain/schedule.js';
import type { Task } from '../domain/task.js';
import { UnsupportedTaskOptionError } from '../errors/errors.js';
import type { NewJobs } from './new-jobs.js';

const notScheduled: Readonly<Record<string, string>> = {
  jobId: 'a schedule names its tasks itself',
  delay: 'the timing of the schedule says when its tasks are due',
  deduplication: 'a schedule has one waiting task at most',
};

/** The task that a schedule adds, checked. @throws as `QueueService.add` */
export function scheduledJob(
  newJobs: NewJobs,
  scheduleId: string,
  task: Task,
  options: ScheduledTaskOptions | undefined,
): NewJob {
  const job = newJobs.template(scheduleId, task, options);
  for (const [option, reason] of Object.entries(notScheduled)) {
    if ((options as Record<string, unknown> | undefined)?.[option] === undefined) continue;
    throw new UnsupportedTaskOptionError({ option, reason });
  }
  return job;
}

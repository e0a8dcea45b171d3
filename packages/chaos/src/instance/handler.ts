import { setTimeout as pause } from 'node:timers/promises';
import type { TaskContext } from 'nestjs-affinity-queue';
import type { Step } from '../workload/workloads.js';

/** Does what the task says: takes its time unless it is aborted, writes to its task, fails so many times. */
export async function runStep({ ms, failures, writes }: Step, context: TaskContext): Promise<number> {
  const { job, signal } = context;
  if (writes) {
    // A handler that has to know awaits them; this one goes on without.
    await Promise.allSettled([
      context.updateProgress(50),
      context.log('half of it'),
      job.updateData(job.data),
    ]);
  }
  if (ms > 0) await pause(ms, undefined, { signal });
  if (job.attemptsMade < failures) throw new Error('as it was told');
  return ms;
}

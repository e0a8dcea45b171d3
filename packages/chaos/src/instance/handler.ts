import { setTimeout as pause } from 'node:timers/promises';
import { WaitingChildrenError, type Queue } from 'bullmq';
import type { TaskContext } from 'nestjs-affinity-queue';
import type { Step } from '../workload/workloads.js';

/** Does what the task says: takes its time unless it is aborted, writes to its task, fails so many times. */
export async function runStep(
  { ms, failures, writes, children = 0 }: Step,
  context: TaskContext,
  queue: Pick<Queue, 'add'>,
): Promise<number> {
  const { job, signal } = context;
  if (writes) {
    // A handler that has to know awaits them; this one goes on without.
    await Promise.allSettled([
      context.updateProgress(50),
      context.log('half of it'),
      job.updateData(job.data),
    ]);
  }
  if (children > 0) await awaitChildren(children, context, queue);
  if (ms > 0) await pause(ms, undefined, { signal });
  if (job.attemptsMade < failures) throw new Error('as it was told');
  return ms;
}

/** Adds them, under ids that are the same in every attempt, and goes on in a later attempt, when they have ended. */
async function awaitChildren(
  count: number,
  { job, identifyTag }: TaskContext,
  queue: Pick<Queue, 'add'>,
): Promise<void> {
  const values = (await job.getChildrenValues()) ?? {};
  if (Object.keys(values).length >= count) return;
  const parent = { id: job.id ?? '', queue: job.queueQualifiedName };
  const payload: Step = { ms: 0, failures: 0, writes: false };
  for (let number = 1; number <= count; number += 1) {
    const data = { identifyTag: `children of ${identifyTag}`, type: 'step', payload };
    await queue.add('step', data, {
      jobId: `${parent.id}-child-${number}`,
      parent,
      failParentOnFailure: true,
    });
  }
  if (await job.moveToWaitingChildren(job.token ?? '')) throw new WaitingChildrenError();
}

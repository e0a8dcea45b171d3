import type { TaskContext } from 'nestjs-affinity-queue';

/** What the handlers use of a task's context; small, so that tests and other queues can provide it. */
export type TaskRun = Pick<
  TaskContext,
  'identifyTag' | 'workerId' | 'attempt' | 'batchPosition' | 'fencingToken' | 'signal'
> & { readonly job: { readonly id?: string | undefined } };

export interface TaskHandler {
  handle(payload: unknown, run: TaskRun): Promise<unknown>;
}

export function taskIdOf(run: TaskRun): string {
  if (run.job.id === undefined) throw new Error('A task without an id cannot be made idempotent.');
  return run.job.id;
}

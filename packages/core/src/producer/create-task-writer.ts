import type { JobAdder } from '../bullmq/job-adder.js';
import type { QueueContext } from '../redis/queue-context.js';
import { asTypedError } from '../redis/script-runner.js';
import { TaskWriter } from './task-writer.js';

/** @param jobs - BullMQ's queue connects when it is made: not before there is something to add */
export function createTaskWriter({ scripts, hub }: QueueContext, jobs: () => JobAdder): TaskWriter {
  const typed = (error: unknown): unknown => asTypedError(error, 'add', hub.commandTimeoutMs);
  return new TaskWriter({
    addTasks: (args) => scripts.run('addTasks', { args }),
    addByBullMQ: async (newJobs) =>
      (await jobs().add(newJobs)).map((outcome) =>
        'error' in outcome ? { error: typed(outcome.error) } : outcome,
      ),
    bullMQReady: () => jobs().ready(),
    commandTimeoutMs: hub.commandTimeoutMs,
  });
}

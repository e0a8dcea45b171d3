import { ErrorCode } from '../../errors/codes.js';
import type { BulkTask } from '../../producer/new-jobs.js';
import type { QueueService } from '../../producer/queue-service.js';
import { errorCodeOf, type QueueRecorder } from './queue-recorder.js';

/** These are said before anything is sent. */
const refusedBeforehand: ReadonlySet<string> = new Set([
  ErrorCode.InvalidTask,
  ErrorCode.InvalidTaskOption,
  ErrorCode.UnsupportedTaskOption,
  ErrorCode.ReservedJobId,
  ErrorCode.InvalidArgument,
  ErrorCode.QueueClosed,
]);

/** Records what this process adds, and what it takes away, through its QueueService. */
export function recordAdds(service: QueueService, history: QueueRecorder): void {
  let calls = 0;
  const add = service.add.bind(service);
  const addBulk = service.addBulk.bind(service);
  const remove = service.remove.bind(service);
  const cancel = service.cancel.bind(service);
  const purgeTag = service.purgeTag.bind(service);

  async function recorded<T extends { id?: string }>(
    tasks: readonly (BulkTask | undefined)[],
    run: () => Promise<T[]>,
  ): Promise<T[]> {
    const call = `${++calls}`;
    const name = (index: number): string => `${call}.${index}`;
    tasks.forEach((task, index) => {
      history.record('add.invoked', { call: name(index), ...invocation(task) });
    });
    try {
      const jobs = await run();
      jobs.forEach((job, index) => {
        history.record('add.acknowledged', { call: name(index), task: String(job.id) });
      });
      return jobs;
    } catch (thrown) {
      const error = errorCodeOf(thrown);
      const type = refusedBeforehand.has(error) ? 'add.failed' : 'add.unknown';
      tasks.forEach((_, index) => {
        history.record(type, { call: name(index), error });
      });
      throw thrown;
    }
  }

  service.add = async (task, options) => {
    const [job] = await recorded([options === undefined ? task : { ...task, options }], async () => [
      await add(task, options),
    ]);
    return job!;
  };
  service.addBulk = (tasks) =>
    recorded(Array.isArray(tasks) ? (tasks as readonly BulkTask[]) : [], () => addBulk(tasks));
  service.remove = (task) => {
    history.record('task.removed', { task });
    return remove(task);
  };
  service.cancel = (task) => {
    history.record('task.removed', { task });
    return cancel(task);
  };
  service.purgeTag = (tag) => {
    history.record('tag.purged', { tag });
    return purgeTag(tag);
  };
}

function invocation(task: BulkTask | undefined): {
  tag: string;
  task?: string;
  delayMs?: number;
  retryOrder?: string;
  deduplicated?: boolean;
} {
  const { jobId, delay, retryOrder, deduplication } = task?.options ?? {};
  return {
    tag: String(task?.identifyTag),
    ...(jobId !== undefined && { task: jobId }),
    ...(delay !== undefined && delay > 0 && { delayMs: delay }),
    ...(retryOrder !== undefined && { retryOrder }),
    ...(deduplication !== undefined && { deduplicated: true }),
  };
}

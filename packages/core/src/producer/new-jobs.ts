import type { JobsOptions } from 'bullmq';
import { encodeTaskData, type TaskData } from '../domain/task-data.js';
import type { Task } from '../domain/task.js';
import type { TaskOptions } from '../domain/task-options.js';
import { displayValue } from '../domain/text.js';
import { assertValidTaskOptions } from '../domain/validate-task-options.js';
import { InvalidArgumentError, InvalidTaskError } from '../errors/errors.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import { newTaskId } from './task-ids.js';

/** A task for `addBulk`, with options of its own. @publicApi */
export interface BulkTask extends Task {
  options?: TaskOptions;
}

/** What BullMQ is given of a task. */
export interface NewJob {
  readonly name: string;
  readonly data: TaskData;
  readonly opts: JobsOptions;
}

type Options = Pick<ResolvedQueueOptions, 'maxPayloadBytes' | 'maxTagBytes' | 'defaultTaskOptions'>;

/**
 * Checks a task and its options, and completes them.
 *
 * @throws {@link InvalidTaskError}, {@link InvalidTaskOptionError}, {@link UnsupportedTaskOptionError},
 *   {@link ReservedJobIdError}
 */
export function toJob(task: Task, options: TaskOptions | undefined, queue: Options): NewJob {
  const { maxPayloadBytes, maxTagBytes, defaultTaskOptions } = queue;
  const { name, data } = encodeTaskData(task, { maxPayloadBytes, maxTagBytes });
  assertValidTaskOptions(options);
  const { retryOrder, ...rest } = { ...defaultTaskOptions, ...definedOnly(options ?? {}) };
  // BullMQ keeps options that it does not know; `block` is what a task without one means.
  const order = retryOrder === 'block' ? {} : { retryOrder };
  return { name, data, opts: { ...rest, ...order, jobId: options?.jobId ?? newTaskId() } };
}

/** As {@link toJob}, for a list; the error of a bad task names its place. */
export function toJobs(tasks: readonly BulkTask[], queue: Options): NewJob[] {
  if (!Array.isArray(tasks)) {
    throw new InvalidArgumentError({
      argument: 'tasks',
      value: displayValue(tasks),
      allowed: 'an array of tasks',
    });
  }
  return tasks.map((task: BulkTask | null | undefined, index) => {
    try {
      return toJob(task!, task?.options, queue);
    } catch (error) {
      if (error instanceof InvalidTaskError)
        throw new InvalidTaskError({ ...error.details, index }, { cause: error });
      throw error;
    }
  });
}

function definedOnly<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

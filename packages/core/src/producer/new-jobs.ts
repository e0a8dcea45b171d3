import type { BackoffOptions, JobsOptions } from 'bullmq';
import type { NewJob } from '../bullmq/job-adder.js';
import { encodeTaskData, type EncodedTask } from '../domain/task-data.js';
import { encodePayload, type PayloadCodec } from '../domain/payload-codec.js';
import type { Task } from '../domain/task.js';
import type { TaskOptions } from '../domain/task-options.js';
import { displayValue } from '../domain/text.js';
import { assertValidTaskOptions } from '../domain/validate-task-options.js';
import {
  InvalidArgumentError,
  InvalidTaskError,
  InvalidTaskOptionError,
  ReservedJobIdError,
  UnsupportedTaskOptionError,
} from '../errors/errors.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import { newTaskId } from './task-ids.js';

/** A task for `addBulk`, with options of its own. @publicApi */
export interface BulkTask extends Task {
  options?: TaskOptions;
}

type Options = Pick<ResolvedQueueOptions, 'maxPayloadBytes' | 'maxTagBytes' | 'defaultTaskOptions'> &
  Partial<Pick<ResolvedQueueOptions, 'payloadCodec'>>;

type TaskId = Pick<NewJob, 'id' | 'isIdDrawn'>;
type EncodedOptions = Pick<NewJob, 'opts' | 'optsJson' | 'isPlain'>;

/** Turns tasks into what is written of them: checks them, and completes their options by the defaults of the queue. */
export class NewJobs {
  /** Of the many tasks that have none of their own. */
  readonly #usualOptions: EncodedOptions;

  constructor(private readonly queue: Options) {
    this.#usualOptions = this.#encode({});
  }

  /**
   * @throws {@link InvalidTaskError}, {@link InvalidTaskOptionError}, {@link UnsupportedTaskOptionError},
   *   {@link ReservedJobIdError}, {@link PayloadCodecError}
   */
  one(task: Task, options: TaskOptions | undefined, timestamp = Date.now()): NewJob {
    const { payloadCodec } = this.queue;
    if (payloadCodec !== undefined) {
      assertValidTaskOptions(options);
      return this.#oneEncoded(payloadCodec, task, options, timestamp, chosenId(options));
    }
    const encoded = encodeTaskData(task, this.queue);
    assertValidTaskOptions(options);
    return this.#newJob(encoded, options, chosenId(options), timestamp);
  }

  /** What a schedule adds again and again: its payload is encoded once for all. @throws as {@link one} */
  template(scheduleId: string, task: Task, options: TaskOptions | undefined): NewJob {
    const { payloadCodec } = this.queue;
    if (payloadCodec === undefined) return this.one(task, options);
    assertValidTaskOptions(options);
    return this.#oneEncoded(payloadCodec, task, options, Date.now(), {
      id: `repeat:${scheduleId}`,
      isIdDrawn: false,
    });
  }

  /** An encoding needs the id of the task. */
  #oneEncoded(
    codec: PayloadCodec,
    task: Task,
    options: TaskOptions | undefined,
    timestamp: number,
    taskId: TaskId,
  ): NewJob {
    const encoded = encodeTaskData(task, this.queue, (json, about) =>
      encodePayload(codec, json, { taskId: taskId.id, ...about }),
    );
    return this.#newJob(encoded, options, taskId, timestamp);
  }

  #newJob(
    { name, data, json, payloadBytes }: EncodedTask,
    options: TaskOptions | undefined,
    { id, isIdDrawn }: TaskId,
    timestamp: number,
  ): NewJob {
    const { opts, optsJson, isPlain } =
      options === undefined ? this.#usualOptions : this.#encode(definedOnly(options));
    return { id, isIdDrawn, name, data, json, payloadBytes, opts, optsJson, isPlain, timestamp };
  }

  /** As {@link one}, for a list; the error of a bad task names its place. */
  many(tasks: readonly BulkTask[]): NewJob[] {
    if (!Array.isArray(tasks)) {
      const allowed = 'an array of tasks';
      throw new InvalidArgumentError({ argument: 'tasks', value: displayValue(tasks), allowed });
    }
    const timestamp = Date.now();
    return tasks.map((task: BulkTask | null | undefined, index) => {
      try {
        return this.one(task!, task?.options, timestamp);
      } catch (error) {
        throw inList(error, index);
      }
    });
  }

  #encode(given: TaskOptions): EncodedOptions {
    const { retryOrder, backoff, ...rest } = { ...this.queue.defaultTaskOptions, ...given };
    const opts: JobsOptions = { ...rest, backoff: asBackoff(backoff) };
    // BullMQ keeps options that it does not know; `block` is what a task without one means.
    if (retryOrder !== 'block') Object.assign(opts, { retryOrder });
    const isPlain = !given.delay && given.deduplication === undefined;
    return { opts, optsJson: JSON.stringify(opts), isPlain };
  }
}

const refusals = [InvalidTaskError, InvalidTaskOptionError, UnsupportedTaskOptionError, ReservedJobIdError];

/** The same refusal, and which task of the list it is about. */
function inList(error: unknown, index: number): unknown {
  const Refusal = refusals.find((candidate) => error instanceof candidate);
  if (Refusal === undefined) return error;
  return new Refusal({ ...(error as InvalidTaskError).details, index } as never, { cause: error });
}

function chosenId(options: TaskOptions | undefined): TaskId {
  const id = options?.jobId;
  return id === undefined ? { id: newTaskId(), isIdDrawn: true } : { id, isIdDrawn: false };
}

/** As BullMQ keeps it. */
function asBackoff(backoff: number | BackoffOptions): BackoffOptions {
  return typeof backoff === 'number' ? { type: 'fixed', delay: backoff } : backoff;
}

function definedOnly<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

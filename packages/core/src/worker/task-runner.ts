import { UnrecoverableError, type Job } from 'bullmq';
import type { CurrentAttempt } from '../bullmq/attempt-ledger.js';
import { encodeJson } from '../domain/encode-json.js';
import { decodeTaskData } from '../domain/task-data.js';
import {
  ResultNotSerializableError,
  ResultTooLargeError,
  TaskCancelledError,
  TaskTimeoutError,
} from '../errors/errors.js';
import { noInstruments, type Instruments } from '../observability/instruments.interface.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { TaskContext } from './task-context.js';

export interface TaskRunnerLimits {
  /** 0: none. */
  readonly taskTimeoutMs: number;
  readonly maxResultBytes: number;
}

/** One attempt: finds the handler, runs it under its signal and time limit, and checks what it returns. */
export class TaskRunner {
  constructor(
    private readonly handlers: HandlerRegistry,
    private readonly limits: TaskRunnerLimits,
    private readonly instruments: Instruments = noInstruments,
  ) {}

  /** Task types that have a handler. */
  get types(): readonly string[] {
    return this.handlers.types;
  }

  /**
   * @param controller - its signal is the handler's; aborted here on a time-out
   * @returns the handler's result, which JSON can hold
   */
  run(job: Job, attempt: CurrentAttempt, workerId: string, controller: AbortController): Promise<unknown> {
    const watched = {
      job,
      type: job.name,
      hasHandler: this.handlers.has(job.name),
      identifyTag: attempt.identifyTag,
      workerId,
      attempt: attempt.attempt,
      batchPosition: attempt.batchPosition,
      fencingToken: attempt.fencingToken,
      signal: controller.signal,
    };
    return this.instruments.attempt(watched, () => this.#run(job, attempt, workerId, controller));
  }

  async #run(
    job: Job,
    attempt: CurrentAttempt,
    workerId: string,
    controller: AbortController,
  ): Promise<unknown> {
    if (controller.signal.aborted) throw this.#asFailure(controller.signal.reason, controller.signal);
    const task = decodeTaskData(job.name, job.data);
    const handler = this.handlers.handlerOf(task.type);
    const context: TaskContext = {
      job,
      identifyTag: task.identifyTag,
      workerId,
      attempt: attempt.attempt,
      batchPosition: attempt.batchPosition,
      fencingToken: attempt.fencingToken,
      signal: controller.signal,
      updateProgress: (progress) => job.updateProgress(progress),
      log: (row) => job.log(row),
    };
    try {
      const running = (async () => handler(task.payload, context))();
      return this.#checkResult(job, await this.#withTimeout(job, running, controller));
    } catch (error) {
      throw this.#asFailure(error, controller.signal);
    }
  }

  async #withTimeout<T>(job: Job, running: Promise<T>, controller: AbortController): Promise<T> {
    const timeoutMs = this.limits.taskTimeoutMs;
    if (timeoutMs === 0) return running;
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new TaskTimeoutError({ jobId: job.id, timeoutMs });
        controller.abort(error);
        reject(error);
      }, timeoutMs);
    });
    try {
      return await Promise.race([running, expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A result that cannot be stored would be no other the next time: the task fails for good. */
  #checkResult(job: Job, result: unknown): unknown {
    if (result === undefined) return undefined;
    const encoded = encodeJson(result);
    if (!encoded.ok)
      throw finalFailure(new ResultNotSerializableError({ jobId: job.id, reason: encoded.reason }));
    const { maxResultBytes: maxBytes } = this.limits;
    if (encoded.bytes > maxBytes) {
      throw finalFailure(new ResultTooLargeError({ jobId: job.id, bytes: encoded.bytes, maxBytes }));
    }
    return result;
  }

  #asFailure(error: unknown, signal: AbortSignal): Error {
    if (signal.reason instanceof TaskCancelledError) return finalFailure(signal.reason);
    if (error instanceof Error) return error;
    return new Error(`The handler threw something that is no Error: ${describe(error)}`, { cause: error });
  }
}

/** BullMQ retries any error but this one. */
function finalFailure(error: Error): Error {
  const final = new UnrecoverableError(error.message);
  final.cause = error;
  if (error.stack !== undefined) final.stack = error.stack;
  return final;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 200);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

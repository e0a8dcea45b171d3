import { UnrecoverableError } from 'bullmq';
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
import { RunningAttempt } from './running-attempt.js';
import type { RunningTask } from './running-task.js';
import type { BoundTag } from './tag-hooks/bound-tag.js';

export interface TaskRunnerLimits {
  /** 0: none. */
  readonly taskTimeoutMs: number;
  readonly maxResultBytes: number;
}

/** What a handler returned. */
export interface TaskResult {
  readonly value: unknown;
  readonly json: string;
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
   * @param bound - whose hooks come before the handler
   * @returns the handler's result, which JSON can hold
   */
  run(running: RunningTask, bound?: BoundTag): Promise<TaskResult> {
    if (!this.instruments.watchesAttempts) return this.#run(running, bound);
    const attempt = new RunningAttempt(running, this.handlers.has(running.name));
    return this.instruments.attempt(attempt, () => this.#run(running, bound));
  }

  async #run(running: RunningTask, bound: BoundTag | undefined): Promise<TaskResult> {
    try {
      assertWanted(running);
      const task = decodeTaskData(running.name, running.data);
      const handler = this.handlers.handlerOf(task.type);
      const handle = async (): Promise<unknown> => handler(task.payload, running);
      const handled = bound === undefined ? handle() : bound.run(() => assertWanted(running), handle);
      const { taskTimeoutMs } = this.limits;
      const result = await (taskTimeoutMs === 0 ? handled : withTimeout(running, handled, taskTimeoutMs));
      return this.#checkResult(running.id, result);
    } catch (error) {
      throw asFailure(error, running.abortReason);
    }
  }

  /** A result that cannot be stored would be no other the next time: the task fails for good. */
  #checkResult(jobId: string, value: unknown): TaskResult {
    if (value === undefined) return { value, json: 'null' };
    const encoded = encodeJson(value);
    if (!encoded.ok) throw finalFailure(new ResultNotSerializableError({ jobId, reason: encoded.reason }));
    const { maxResultBytes: maxBytes } = this.limits;
    if (encoded.bytes > maxBytes) {
      throw finalFailure(new ResultTooLargeError({ jobId, bytes: encoded.bytes, maxBytes }));
    }
    return { value, json: encoded.json };
  }
}

function assertWanted({ abortReason }: RunningTask): void {
  if (abortReason) throw abortReason;
}

async function withTimeout<T>(running: RunningTask, handled: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new TaskTimeoutError({ jobId: running.id, timeoutMs });
      running.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([handled, expired]);
  } finally {
    clearTimeout(timer);
  }
}

function asFailure(error: unknown, abortReason: Error | undefined): Error {
  if (abortReason instanceof TaskCancelledError) return finalFailure(abortReason);
  if (error instanceof Error) return error;
  return new Error(`The handler threw something that is no Error: ${describe(error)}`, { cause: error });
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

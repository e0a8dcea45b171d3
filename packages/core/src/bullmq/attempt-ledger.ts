import type { JobsOptions } from 'bullmq';
import { NotTaskOwnerError } from '../errors/errors.js';
import { decodeTaken, type Taken, type TakenBatch, type TakenTask } from './taken-task.js';

/** An attempt that BullMQ left without an outcome, and what is needed to fail it. */
export interface StrandedAttempt {
  readonly id: string;
  readonly options: JobsOptions;
  readonly reason: string;
}

interface Entry {
  readonly task: TakenTask;
  /** How often the worker was given this attempt. */
  takes: number;
  /** The handler was called. */
  begun: boolean;
  lastError: unknown;
  /** Why Redis refused its outcome for good. */
  refused: { readonly error: unknown } | undefined;
}

/** How often an attempt is given to BullMQ that it does not even begin. */
const mostTakes = 3;

/** Which attempt a worker runs, and for which ones it may still send something. */
export class AttemptLedger {
  #open: Entry | undefined;
  #handedOver: string | undefined;
  /** What was taken last is of this batch. */
  #batch: TakenBatch | undefined;

  constructor(private readonly workerId: string) {}

  /** The attempt that was taken last, until its outcome is recorded. */
  get current(): TakenTask | undefined {
    return this.#open?.task;
  }

  /** Notes what a take returned, and decodes it; a task that BullMQ cannot read is {@link stranded}. */
  taken(reply: unknown): Taken {
    const before = this.#open;
    this.#open = undefined;
    this.#handedOver = undefined;
    const taken = decodeTaken(reply, this.#batch, this.workerId);
    this.#batch = taken.task;
    if (taken.task !== undefined) {
      const again = before !== undefined && before.refused === undefined && isSame(before.task, taken.task);
      if (again) this.#open = { ...before, task: taken.task, takes: before.takes + 1 };
      else
        this.#open = { task: taken.task, takes: 1, begun: false, lastError: undefined, refused: undefined };
    }
    return taken;
  }

  /** The task is passed to its handler. */
  begun(): void {
    if (this.#open) this.#open.begun = true;
  }

  /** BullMQ met an error, perhaps with the current attempt. */
  noteError(error: unknown): void {
    if (this.#open) this.#open.lastError = error;
  }

  /** BullMQ has had the current attempt before, and nothing was recorded for it. */
  get isRepeated(): boolean {
    return this.#open !== undefined && this.#open.takes > 1;
  }

  /**
   * The attempt, if BullMQ can make nothing of it: it cannot read the task; or it was given the task again because nothing
   * was recorded, although its handler had ended, or it fails again and again before it calls the handler.
   */
  get stranded(): StrandedAttempt | undefined {
    const entry = this.#open;
    if (entry === undefined) return undefined;
    const { task, begun, takes } = entry;
    const { malformed, deferredFailure } = task;
    const isLost = takes > 1 && (begun || deferredFailure !== undefined || takes > mostTakes);
    if (malformed === undefined && !isLost) return undefined;
    return {
      id: task.id,
      options: task.stored.options,
      reason: malformed ?? deferredFailure ?? strandedReason(entry),
    };
  }

  /**
   * The running attempt of a task.
   *
   * @throws {@link NotTaskOwnerError} for any other one, or why its outcome was refused
   */
  running(jobId: string): TakenTask {
    const entry = this.#open;
    if (entry?.task.id !== jobId) throw new NotTaskOwnerError({ jobId, workerId: this.workerId });
    if (entry.refused) throw entry.refused.error;
    return entry.task;
  }

  /**
   * Whether the running handler has just moved this task, its own, out of `active`. It may still write about it: BullMQ's
   * step jobs delay themselves first and save their step then.
   */
  wasMovedByHandler(jobId: string): boolean {
    return this.#handedOver === jobId;
  }

  /** Redis refused the outcome of the running attempt for good: nothing else is sent for it. */
  refuse(error: unknown): void {
    if (this.#open) this.#open.refused = { error };
  }

  /** The outcome is recorded. */
  ended(): void {
    this.#open = undefined;
  }

  /** The handler moved its own task out of `active`. */
  handedOver(): void {
    this.#handedOver = this.current?.id;
    this.#open = undefined;
  }
}

function isSame(one: TakenTask, other: TakenTask): boolean {
  return one.id === other.id && one.attempt === other.attempt;
}

function strandedReason({ begun, lastError }: Entry): string {
  if (lastError instanceof Error)
    return `the attempt could not be ${begun ? 'recorded' : 'begun'}: ${lastError.message}`;
  return 'its handler said that it had moved the task, and had not';
}

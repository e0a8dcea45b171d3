import { raw2NextJobData, type JobJson, type JobsOptions } from 'bullmq';
import { NotTaskOwnerError } from '../errors/errors.js';

/** One attempt of a task, as this worker took it. */
export interface CurrentAttempt {
  readonly id: string;
  /** BullMQ's `ats`: with the id, the identity of the attempt. */
  readonly attempt: number;
  readonly identifyTag: string;
  readonly batchPosition: number;
  /** Tasks of the batch so far: those that ran and those that were dispatched. */
  readonly batchSize: number;
  readonly fencingToken: number;
  readonly retryOrder: string;
}

/** An attempt that BullMQ left without an outcome, and what is needed to fail it. */
export interface StrandedAttempt {
  readonly id: string;
  readonly options: JobsOptions;
  readonly reason: string;
}

interface Entry {
  readonly attempt: CurrentAttempt;
  readonly options: JobsOptions;
  /** How often the worker was given this attempt. */
  takes: number;
  /** The handler was called. */
  begun: boolean;
  lastError: unknown;
  /** Why BullMQ cannot read the task. */
  readonly malformed: string | undefined;
  /** Why the task is to fail without being run. */
  readonly deferredFailure: string | undefined;
  /** Why Redis refused its outcome for good. */
  refused: { readonly error: unknown } | undefined;
}

type Reply = [
  flatHash: string[] | 0,
  id: string | 0,
  limitMs: number,
  delayUntil: number,
  batch?: [tag: string, position: number, fencingToken: string, size: number],
];

/** How often an attempt is given to BullMQ that it does not even begin. */
const mostTakes = 3;

/** Which attempt a worker runs, and for which ones it may still send something. */
export class AttemptLedger {
  #open: Entry | undefined;
  #handedOver: string | undefined;

  constructor(private readonly workerId: string) {}

  /** The attempt that was taken last, until its outcome is recorded. */
  get current(): CurrentAttempt | undefined {
    return this.#open?.attempt;
  }

  /** Notes what a take returned, and decodes it as BullMQ does; a task that BullMQ cannot read is {@link stranded}. */
  taken(reply: unknown): unknown[] {
    const raw = reply as Reply;
    const before = this.#open;
    this.#open = undefined;
    this.#handedOver = undefined;
    const { job, malformed } = decode(raw);
    if (raw[1] !== 0) {
      const attempt = toAttempt(raw, job);
      const again = before !== undefined && before.refused === undefined && isSame(before.attempt, attempt);
      const fresh = { takes: 0, begun: false, lastError: undefined, refused: undefined };
      const { opts: options = {}, deferredFailure } = job ?? {};
      const entry = again ? before : { attempt, options, malformed, deferredFailure, ...fresh };
      this.#open = { ...entry, takes: entry.takes + 1 };
    }
    return [job, ...raw.slice(1, 4)];
  }

  /** BullMQ passes the task to the handler. */
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
    const { attempt, options, malformed, deferredFailure, begun, takes } = entry;
    const isLost = takes > 1 && (begun || deferredFailure !== undefined || takes > mostTakes);
    if (malformed === undefined && !isLost) return undefined;
    return { id: attempt.id, options, reason: malformed ?? deferredFailure ?? strandedReason(entry) };
  }

  /**
   * The running attempt of a task.
   *
   * @throws {@link NotTaskOwnerError} for any other one, or why its outcome was refused
   */
  running(jobId: string): CurrentAttempt {
    const entry = this.#open;
    if (entry?.attempt.id !== jobId) throw new NotTaskOwnerError({ jobId, workerId: this.workerId });
    if (entry.refused) throw entry.refused.error;
    return entry.attempt;
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

function decode(raw: Reply): { job: JobJson | null; malformed?: string } {
  try {
    const [job] = raw2NextJobData(raw) as [JobJson | null];
    return { job };
  } catch (error) {
    // A field that holds JSON holds none: options, progress or parent, as a foreign producer may write them.
    return { job: null, malformed: `malformed task: ${error instanceof Error ? error.message : ''}` };
  }
}

function toAttempt([flatHash, id, , , batch]: Reply, job: JobJson | null): CurrentAttempt {
  const [identifyTag = '', batchPosition = 0, fencingToken = '0', batchSize = 0] = batch ?? [];
  const { retryOrder = 'block' } = (job?.opts ?? {}) as { retryOrder?: string };
  const fields = flatHash === 0 ? [] : flatHash;
  return {
    id: String(id),
    attempt: job?.attemptsStarted ?? Number(fields[fields.lastIndexOf('ats') + 1]),
    identifyTag,
    batchPosition,
    batchSize,
    fencingToken: Number(fencingToken),
    retryOrder,
  };
}

function isSame(one: CurrentAttempt, other: CurrentAttempt): boolean {
  return one.id === other.id && one.attempt === other.attempt;
}

function strandedReason({ begun, lastError }: Entry): string {
  if (lastError instanceof Error)
    return `the attempt could not be ${begun ? 'recorded' : 'begun'}: ${lastError.message}`;
  return 'its handler said that it had moved the task, and had not';
}

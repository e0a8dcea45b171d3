/**
 * The format of a history: one append-only file of JSON lines per process, one record per line. docs/guides/history.md describes it
 * for people. A reader refuses a version that it does not know.
 */
export const historyVersion = 1;

/** What the recorder adds to every record. @publicApi */
export interface RecordStamp {
  /** Counts the records of a process from 1, without gaps: a missing line shows. */
  readonly n: number;
  /** Whose record it is: one process, from its start to its end. */
  readonly process: string;
  /**
   * Microseconds of the monotonic clock. Processes with the same `boot` share the clock, so that their records have one
   * order; those of different machines are ordered by `wall` only.
   */
  readonly at: number;
  /** Milliseconds since the epoch; for people. */
  readonly wall: number;
  /** The pending queue that it is about; absent in a record about the process. */
  readonly queue?: string;
}

/** How an attempt ended, as its worker told Redis. @publicApi */
export type AttemptOutcome = 'completed' | 'failed' | 'retried' | 'delayed' | 'given-back';

/** An attempt of a task. @publicApi */
export interface AttemptFields {
  readonly task: string;
  readonly worker: string;
  /** 1 at the first start. */
  readonly attempt: number;
  readonly tag?: string;
  /** The fencing token of the batch: issued by the leader at the bind, so it says which binding the attempt belongs to. */
  readonly token?: number;
  /**
   * The epoch of the leader that this process had last heard of when the handler began, by the elections in which it stood: for
   * orientation. The leader that bound the batch may have been an earlier one or a later one; `token` says which bind it was.
   * Absent in a process that stands in no election, such as one in role `WORKER`.
   */
  readonly epoch?: string;
}

/** What each type of record says. @publicApi */
export interface RecordFields {
  /** The first record of a file. `boot` is the same for all processes that share the monotonic clock. */
  'process.opened': { version: number; boot: string; host: string; pid: number; node: string };
  'process.closed': object;
  /** A process records a queue, and these are the bounds that its options set. */
  'queue.opened': {
    node: string;
    role: string;
    maxBatchSize: number;
    lockTtlMs: number;
    heartbeatTimeoutMs: number;
    schedulerIntervalMs: number;
    /** identifyTagConcurrency of every tag that `tagConcurrency` does not name. */
    concurrency: number;
    tagConcurrency: Readonly<Record<string, number>>;
    /** That of tasks whose `add.invoked` has none. */
    retryOrder: string;
  };

  /**
   * Written before the call. `call` names one task of one call. `deduplicated`: it has the option, and may come to a task that
   * somebody else has added before.
   */
  'add.invoked': {
    call: string;
    task?: string;
    tag: string;
    delayMs?: number;
    retryOrder?: string;
    deduplicated?: boolean;
  };
  'add.acknowledged': { call: string; task: string };
  /** Refused before anything was sent: the task was not added. */
  'add.failed': { call: string; error: string };
  /** The call failed, and the task may have been added. */
  'add.unknown': { call: string; error: string };

  /** Written before the handler runs. */
  'task.started': AttemptFields & { position: number };
  'task.ended': AttemptFields & { result: 'returned' | 'threw'; aborted: boolean };
  /**
   * Written before Redis is asked to take the task out of the order of its tag: to delay it, or to let it wait for its
   * children. What came of it is the attempt's outcome; without one, it may have left.
   */
  'task.leaving': AttemptFields;
  'outcome.committed': AttemptFields & { outcome: AttemptOutcome };
  /** Redis did not accept the outcome: the attempt is not this worker's any more. */
  'outcome.refused': AttemptFields & { outcome: AttemptOutcome; error: string };
  /** No answer: the outcome may have been accepted. */
  'outcome.unknown': AttemptFields & { outcome: AttemptOutcome; error: string };

  /** `sentAt`: `at` of the moment before the script was sent; here and below. */
  'leadership.gained': { node: string; epoch: string; sentAt: number };
  'leadership.renewed': { node: string; epoch: string; sentAt: number };
  /**
   * The process stops leading: it resigned, was refused, or its own clock says that the lease is over; or (of another process,
   * by one that saw it) it is dead.
   */
  'leadership.lost': {
    node: string;
    epoch: string;
    reason: 'resigned' | 'refused' | 'stepped-down' | 'died';
  };
  /** A script of a leader was accepted (dispatch: the first of a term, and those that bound something). */
  'leader.acted': { node: string; epoch: string; sentAt: number; script: string; bound?: number };
  'leader.refused': { node: string; epoch: string; script: string };
  'worker.recovered': { worker: string; epoch: string; sentAt: number; count: number };

  /** Somebody took a task out of its place in the order: removed it, or gave it new attempts. */
  'task.removed': { task: string };
  'task.requeued': { task: string };
  'tag.purged': { tag: string };

  /**
   * Something was done to a process (its id) or to `redis` on purpose; written by whoever does it, at its beginning.
   * `durationMs` is how long it lasts, absent for what is for good. `agoMs`: it began so long before the record, for what is
   * noticed afterwards only, such as that the process itself stood still.
   */
  fault: { kind: FaultKind; target: string; durationMs?: number; agoMs?: number; detail?: string };
  /** No task waits, runs or is delayed any more. */
  drained: object;
  /** What Redis says about a task in the end. */
  'task.seen': { task: string; state: string };
  /** The keys of the queue that are left after everything has drained and every worker has retired. */
  'keys.left': { keys: readonly string[] };
}

/** @publicApi */
export type FaultKind =
  | 'kill'
  | 'freeze'
  | 'block'
  | 'terminate'
  | 'redis-kill'
  | 'redis-freeze'
  | 'cut'
  | 'black-hole'
  | 'delay'
  | 'drop-replies'
  | 'script-flush'
  | 'power-loss'
  | 'clock'
  | 'full'
  | 'promote';

/** @publicApi */
export type RecordType = keyof RecordFields;

/** One line of a history. @publicApi */
export type HistoryRecord = {
  [Type in RecordType]: { readonly type: Type } & RecordStamp & Readonly<RecordFields[Type]>;
}[RecordType];

/** A record of one type. @publicApi */
export type RecordOf<Type extends RecordType> = Extract<HistoryRecord, { type: Type }>;

import type { Job } from 'bullmq';

/** One attempt of a task, as whoever watches it sees it. */
export interface WatchedAttempt {
  /** Made when it is first read, which costs more than all the rest of a short attempt. */
  readonly job: Job;
  readonly type: string;
  /** Whether this instance has a handler for that type. */
  readonly hasHandler: boolean;
  readonly identifyTag: string;
  readonly workerId: string;
  /** 1 at the first start of the task. */
  readonly attempt: number;
  /** 1 for the first task of the batch. */
  readonly batchPosition: number;
  readonly fencingToken: number;
  /** Why the attempt was aborted, if it was. */
  readonly abortReason: Error | undefined;
}

/**
 * How an attempt ended here: `retried` where it failed and another one follows, `moved` where the handler put its task
 * elsewhere (delayed, waiting for children), `discarded` where the worker lost its lease. A commit can still be refused.
 */
export type AttemptOutcome = 'completed' | 'failed' | 'retried' | 'moved' | 'discarded';

/** What the services say about their work, for metrics and traces. None of it may throw. */
export interface Instruments {
  /** Whether somebody watches attempts; who does not, is not to cost them anything. */
  readonly watchesAttempts: boolean;
  /** Goes around one attempt: from before its handler is looked for until it has returned. */
  attempt<T>(attempt: WatchedAttempt, run: () => Promise<T>): Promise<T>;
  /** One dispatch script of the leader has been answered. */
  dispatched(durationMs: number): void;
  /** A heartbeat got through, so long after it was due. */
  beat(delayMs: number): void;
  /** The leader has declared a worker dead, and put so many tasks back. */
  recovered(tasks: number): void;
}

/** Nobody watches. */
export const noInstruments: Instruments = {
  watchesAttempts: false,
  attempt: (_attempt, run) => run(),
  dispatched: () => undefined,
  beat: () => undefined,
  recovered: () => undefined,
};

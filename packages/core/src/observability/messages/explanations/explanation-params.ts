/**
 * Why a task is where it is. Every reason has a code for programs, and facts. Times are ms since the epoch by Redis' clock,
 * but for `since` and `lastHeartbeat`, which a worker wrote by its own.
 *
 * @publicApi
 */
export interface ExplanationDetails {
  /** There is no such task: never added, removed, or finished and not kept. */
  'not-found': Record<never, never>;
  completed: { finishedAt: number };
  /** Out of attempts, or failed for good. */
  failed: { finishedAt: number; attemptsMade: number; failedReason: string };
  running: WorkerFacts & { since: number; attempt: number };
  /** BullMQ has it as active, and no worker of this library holds it: a foreign worker took it. */
  'running-elsewhere': { since: number };

  /** In the batch of a worker, as its `position`-th next task. `running`: the task that the worker runs meanwhile. */
  'in-batch': WorkerFacts & { position: number; running: string | null };
  /** In the batch that a busy worker was given in advance. */
  'in-next-batch': WorkerFacts & { position: number; currentTag: string | null };
  /** Its tag has as many workers as it may have, and no room in their batches. */
  'tag-bound': { workerIds: readonly string[]; tasksBefore: number; batchSize: number };
  /** The tag waits out the back-off of an attempt that failed. */
  'tag-parked': { until: number; tasksBefore: number; failedReason: string | null };
  'tag-paused': { tasksBefore: number };
  'queue-paused': Record<never, never>;
  'no-leader': Record<never, never>;
  /** No worker is registered. */
  'no-workers': Record<never, never>;
  /** No worker that could run it has a handler for its type. `workerIds`: those that its tag is bound to, if it is. */
  'no-handler': {
    type: string;
    workerIds: readonly string[];
    /** What they, or else all workers, have handlers for. */
    registeredTypes: readonly string[];
  };
  /** All workers are busy with other tags. */
  'workers-busy': { workers: number; tagsBefore: number; tasksBefore: number };
  /** As many workers have a batch as BullMQ's global concurrency allows. */
  'concurrency-limit': { limit: number; tagsBefore: number };
  'rate-limited': { until: number };
  /** Added, and the leader takes it in next. */
  'not-taken-in': { tasksBefore: number };
  /** A worker is free and the tag is ready: the leader binds it at its next step. */
  'being-bound': { tagsBefore: number; tasksBefore: number };
  /** The next worker that takes it fails it: malformed, cancelled, or its workers died under it. */
  'marked-failed': { failedReason: string };
  /** `schedule`: the id of the schedule that made it. */
  delayed: { until: number; failedReason: string | null; schedule: string | null };
  'waiting-children': { children: number };
  /** Its data is there, and it is in no list: something other than this library has moved it. */
  lost: Record<never, never>;
}

/** A worker, as its latest heartbeat describes it. @publicApi */
export interface WorkerFacts {
  workerId: string;
  /** ms since the epoch, by the worker's clock; `null` for a worker that is not registered any more. */
  lastHeartbeat: number | null;
}

/** Code of a reason. @publicApi */
export type ExplanationReason = keyof ExplanationDetails;

/** What a text is made of. */
export type ExplanationParams<Reason extends ExplanationReason> = ExplanationDetails[Reason] & {
  readonly jobId: string;
  readonly identifyTag: string;
  /** The moment of the answer, by Redis' clock. */
  readonly now: number;
};

/** A catalogue: the text of every reason in one language. */
export type Explanations = {
  readonly [Reason in ExplanationReason]: (params: ExplanationParams<Reason>) => string;
};

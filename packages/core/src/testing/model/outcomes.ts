import { insertTask } from './adding.js';
import { feedLater, release } from './batches.js';
import { freeOnEnd } from './deduplication.js';
import { takeOff, type QueueState, type WorkerRecord } from './queue-state.js';
import { retain } from './retention.js';
import { changeTag, returnToTag } from './tags.js';
import type { TaskRecord } from './task-record.js';

/** How an attempt ended. */
export type Outcome =
  | { readonly type: 'completed'; readonly resultJson: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'retry'; readonly failure: Failure; readonly delayMs: number };

export interface Failure {
  readonly reason: string;
  readonly stack: string;
}

/** Records how the current attempt of a worker ended. */
export function commit(state: QueueState, worker: WorkerRecord, outcome: Outcome, nowMs: number): void {
  const task = worker.current && state.tasks.get(worker.current.jobId);
  if (task === undefined) return;
  worker.current = undefined;
  task.attemptsMade += 1;
  if (outcome.type !== 'completed') noteFailure(task, outcome.failure);
  if (outcome.type !== 'retry') finish(state, task, outcome, nowMs);
  else if (task.opts.retryOrder === 'skip') delay(state, task, outcome.delayMs, nowMs);
  else giveBack(state, worker, task, outcome.delayMs, nowMs);
}

/** A worker begins or ceases to run short tasks. */
export function noteLength(state: QueueState, worker: WorkerRecord, short: boolean): void {
  worker.short = short;
  if (!short) takeOff(state.hungry, worker.workerId);
  else if (worker.batch !== undefined && worker.ahead === undefined) feedLater(state, worker);
}

function noteFailure(task: TaskRecord, { reason, stack }: Failure): void {
  task.failedReason = reason;
  task.stacktrace = [...task.stacktrace, stack];
}

function finish(
  state: QueueState,
  task: TaskRecord,
  outcome: Exclude<Outcome, { type: 'retry' }>,
  nowMs: number,
): void {
  const { jobId } = task;
  task.finishedOnMs = nowMs;
  task.place = outcome.type;
  state[outcome.type].add(jobId);
  if (outcome.type === 'completed') {
    task.resultJson = outcome.resultJson;
    const returnvalue: unknown = JSON.parse(outcome.resultJson);
    state.events.push({ type: 'completed', jobId, returnvalue });
  } else {
    state.events.push({ type: 'failed', jobId, failedReason: outcome.failure.reason });
  }
  freeOnEnd(state, task, nowMs, insertTask);
  retain(state, task, nowMs);
}

/** Retry order "skip": the task waits out its back-off apart, and rejoins at its tag's end. */
function delay(state: QueueState, task: TaskRecord, delayMs: number, nowMs: number): void {
  task.place = 'delayed';
  task.delayMs = delayMs;
  task.dueAtMs = nowMs + delayMs;
  state.delayed.add(task.jobId);
  tellRetry(state, task, delayMs);
}

/** Retry order "block": the task and the rest of its batch go back to the head of their tag, which is parked. */
function giveBack(
  state: QueueState,
  worker: WorkerRecord,
  task: TaskRecord,
  delayMs: number,
  nowMs: number,
): void {
  const { identifyTag } = worker.batch!;
  task.place = 'indexed';
  changeTag(state, identifyTag, (tag) => {
    returnToTag(state, tag, worker.wait);
    tag.ids.unshift(task.jobId);
  });
  tellRetry(state, task, delayMs);
  release(state, worker, 'retry', delayMs > 0 ? nowMs + delayMs : undefined);
}

function tellRetry(state: QueueState, { jobId, attemptsMade }: TaskRecord, delayMs: number): void {
  state.events.push({ type: 'retried', jobId, attemptsMade, delayMs });
}

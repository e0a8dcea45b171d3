import type { ReleaseReason } from '../../domain/release-reason.js';
import { takeOff, type Batch, type QueueState, type WorkerRecord } from './queue-state.js';
import { changeTag, changeTakenTag, isHeld, moveFromTag, returnToTag } from './tags.js';

/* The life of a batch: bind, top up, look ahead, begin, release. */

/** Rises with every bind, and is never lower than the time. */
function nextFencingToken(state: QueueState, nowMs: number): number {
  state.fencingToken = Math.max(state.fencingToken + 1, Math.floor(nowMs) * 1_000);
  return state.fencingToken;
}

/** A worker with a batch and no look-ahead is a candidate for one if its tasks are short. */
export function feedLater(state: QueueState, worker: WorkerRecord): void {
  if (worker.short && !worker.leaving && !state.hungry.includes(worker.workerId))
    state.hungry.push(worker.workerId);
}

function begin(state: QueueState, worker: WorkerRecord, batch: Batch): void {
  const { identifyTag, size, fencingToken } = batch;
  worker.batch = { identifyTag, size, started: 0, fencingToken };
  feedLater(state, worker);
  state.events.push({ type: 'bound', identifyTag, workerId: worker.workerId, size, fencingToken });
}

/** Binds a ready tag to an idle worker. */
export function bind(state: QueueState, worker: WorkerRecord, identifyTag: string, nowMs: number): void {
  takeOff(state.idle, worker.workerId);
  let size = 0;
  changeTakenTag(state, identifyTag, (tag) => {
    size = moveFromTag(state, tag, worker.wait, state.options.maxBatchSize);
    tag.owners.push(worker.workerId);
  });
  begin(state, worker, { identifyTag, size, started: 0, fencingToken: nextFencingToken(state, nowMs) });
}

/** Binds a ready tag to a busy worker as its look-ahead. */
export function bindAhead(state: QueueState, worker: WorkerRecord, identifyTag: string, nowMs: number): void {
  takeOff(state.hungry, worker.workerId);
  let size = 0;
  changeTakenTag(state, identifyTag, (tag) => {
    size = moveFromTag(state, tag, worker.next, state.options.maxBatchSize);
    tag.owners.push(worker.workerId);
  });
  const fencingToken = nextFencingToken(state, nowMs);
  worker.ahead = { identifyTag, size, started: 0, fencingToken, sinceMs: nowMs };
  state.ahead.push(worker.workerId);
}

/** Gives a look-ahead that has not begun back to the head of its tag; returns the tag. */
export function dropAhead(
  state: QueueState,
  worker: WorkerRecord,
  where: 'head' | 'end' = 'end',
): string | undefined {
  const { ahead } = worker;
  if (ahead === undefined) return undefined;
  worker.ahead = undefined;
  takeOff(state.ahead, worker.workerId);
  changeTag(
    state,
    ahead.identifyTag,
    (tag) => {
      returnToTag(state, tag, worker.next);
      takeOff(tag.owners, worker.workerId);
    },
    where,
  );
  if (worker.batch !== undefined) feedLater(state, worker);
  return ahead.identifyTag;
}

/** Extends the batch of a bound tag with tasks that came meanwhile. */
export function topUp(state: QueueState, worker: WorkerRecord, identifyTag: string): void {
  const { batch, ahead, leaving } = worker;
  if (batch?.identifyTag !== identifyTag || ahead !== undefined || leaving) return;
  const room = state.options.maxBatchSize - batch.size;
  if (room <= 0) return;
  changeTag(state, identifyTag, (tag) => {
    if (!isHeld(tag)) batch.size += moveFromTag(state, tag, worker.wait, room);
  });
}

/**
 * Ends the batch of a worker: the tag is unbound, and joins the end of the ring if it has more; what the worker has not
 * taken goes back to the head of the tag. Then the look-ahead begins, or the worker is idle.
 *
 * @returns whether a look-ahead began
 */
export function release(
  state: QueueState,
  worker: WorkerRecord,
  reason: ReleaseReason,
  parkUntilMs?: number,
): boolean {
  const { batch, ahead, workerId } = worker;
  if (batch === undefined) return false;
  worker.batch = undefined;
  worker.ahead = undefined;
  takeOff(state.hungry, workerId);
  const { identifyTag, size } = batch;
  changeTag(state, identifyTag, (tag) => {
    returnToTag(state, tag, worker.wait);
    takeOff(tag.owners, workerId);
    if (parkUntilMs !== undefined) tag.parkedUntilMs = Math.max(tag.parkedUntilMs ?? 0, parkUntilMs);
  });
  state.events.push({ type: 'released', identifyTag, workerId, size, reason });
  if (ahead === undefined) {
    if (!worker.leaving) state.idle.push(workerId);
    return false;
  }
  takeOff(state.ahead, workerId);
  worker.wait.push(...worker.next.splice(0));
  begin(state, worker, ahead);
  return true;
}

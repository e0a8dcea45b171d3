import { bind, bindAhead, dropAhead, topUp } from './batches.js';
import { index } from './indexing.js';
import type { QueueState, WorkerRecord } from './queue-state.js';
import { changeTag, tagOf } from './tags.js';
import type { TaskRecord } from './task-record.js';

/** A look-ahead that has waited this long goes to an idle worker before the tags that became ready after it. */
const patienceMs = 1_000;

/** Takes in what is due: delayed tasks, the ends of back-offs, what was added, and top-ups of running batches. */
export function takeIn(state: QueueState, nowMs: number): void {
  promoteDue(state, nowMs);
  unparkDue(state, nowMs);
  const touched = intake(state);
  if (state.paused) return;
  topUpTouched(state, new Set([...state.touched, ...touched]));
  state.touched.clear();
}

/** Binds ready tags to idle workers, then to busy ones in advance. */
export function assign(state: QueueState, nowMs: number): void {
  if (state.paused) return;
  while (state.idle.length > 0) {
    const identifyTag = nextTag(state, nowMs);
    const worker = workerOf(state, state.idle[0]);
    if (identifyTag === undefined || worker === undefined) return;
    bind(state, worker, identifyTag, nowMs);
  }
  while (state.ring.length > 0) {
    const [identifyTag] = state.ring;
    const worker = workerOf(state, state.hungry[0]);
    if (identifyTag === undefined || worker === undefined) return;
    bindAhead(state, worker, identifyTag, nowMs);
  }
}

/** When the next delayed task is due, or the next back-off ends; on request but for tasks that a schedule made. */
export function nextDueMs(state: QueueState, withSchedules = true): number | undefined {
  const delayed = delayedTasks(state).filter(
    ({ scheduleId, attemptsStarted }) => withSchedules || scheduleId === undefined || attemptsStarted > 0,
  );
  const due = [
    ...delayed.map(({ dueAtMs }) => dueAtMs),
    ...[...state.tags.values()].flatMap(({ parkedUntilMs }) => parkedUntilMs ?? []),
  ];
  return due.length === 0 ? undefined : due.reduce((first, each) => Math.min(first, each));
}

function delayedTasks(state: QueueState): TaskRecord[] {
  return [...state.delayed].flatMap((jobId) => state.tasks.get(jobId) ?? []);
}

function promoteDue(state: QueueState, nowMs: number): void {
  const due = delayedTasks(state).filter(({ dueAtMs }) => dueAtMs <= nowMs);
  for (const task of due.sort((a, b) => a.dueAtMs - b.dueAtMs)) {
    task.place = 'added';
    task.delayMs = 0;
    state.delayed.delete(task.jobId);
    state.wait.push(task.jobId);
  }
}

function unparkDue(state: QueueState, nowMs: number): void {
  const due = [...state.tags].flatMap(([identifyTag, { parkedUntilMs }]) =>
    parkedUntilMs !== undefined && parkedUntilMs <= nowMs ? [{ identifyTag, parkedUntilMs }] : [],
  );
  for (const { identifyTag } of due.sort((a, b) => a.parkedUntilMs - b.parkedUntilMs)) {
    changeTag(state, identifyTag, (tag) => (tag.parkedUntilMs = undefined));
  }
}

/** @returns the tags that got tasks */
function intake(state: QueueState): ReadonlySet<string> {
  const touched = new Set<string>();
  for (const jobId of state.wait.splice(0)) {
    const task = state.tasks.get(jobId);
    if (task === undefined) continue;
    index(state, task);
    touched.add(task.identifyTag);
  }
  return touched;
}

function topUpTouched(state: QueueState, touched: ReadonlySet<string>): void {
  for (const identifyTag of touched) {
    for (const owner of [...tagOf(state, identifyTag).owners]) {
      const worker = workerOf(state, owner);
      if (worker !== undefined) topUp(state, worker, identifyTag);
    }
  }
}

/** For an idle worker: a look-ahead that has waited long, then the ring, then the other look-aheads. */
function nextTag(state: QueueState, nowMs: number): string | undefined {
  const [first] = state.ring;
  const busy = workerOf(state, state.ahead[0]);
  if (busy?.ahead === undefined) return first;
  return first === undefined || nowMs - busy.ahead.sinceMs > patienceMs
    ? dropAhead(state, busy, 'head')
    : first;
}

function workerOf(state: QueueState, workerId: string | undefined): WorkerRecord | undefined {
  return workerId === undefined ? undefined : state.workers.get(workerId);
}

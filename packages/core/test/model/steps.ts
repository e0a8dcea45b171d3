import type { ModelQueue } from './queue.js';
import type { ModelState } from './state.js';

type StepName = Exclude<keyof ModelQueue, 'isReady'>;

/** A method of the model and its arguments. */
export type Step = {
  readonly [Name in StepName]: readonly [name: Name, ...args: Parameters<ModelQueue[Name]>];
}[StepName];

/** @returns what the caller of the script is told, as far as the model knows it */
export function apply([name, ...args]: Step, queue: ModelQueue): unknown {
  return (queue[name] as (...args: readonly unknown[]) => unknown).apply(queue, args);
}

/**
 * Everything that can happen in a state. Attempts end as short ones whose worker takes its next task by a step of its own: to
 * take it at once is one of the orders, and a task that failed for good differs in nothing else from one that is completed.
 */
export function steps(state: ModelState, tasks: number): Step[] {
  const { tagOf, workers, lists, beliefs, lock, parked, due, paused, ahead } = state;
  const all: Step[] = [];
  if (tagOf.length < tasks) {
    for (const tag of lists.keys()) {
      all.push(['addAtOnce', tag]);
      // Where something waits already, both ways are the same.
      if (state.wait.length === 0) all.push(['add', tag]);
    }
  }
  beliefs.forEach((belief, leader) => {
    if (lock !== leader) all.push(['elect', leader]);
    if (belief === 0) return;
    all.push(['dispatch', leader], ['resign', leader]);
    workers.forEach(({ status }, worker) => {
      if (status > 0) all.push(['recover', leader, worker]);
    });
  });
  if (lock >= 0) all.push(['expire']);
  workers.forEach(({ status, leaving, cur, tag, ghost }, worker) => {
    if (ghost >= 0) all.push(['zombieCommits', worker]);
    if (status === 0) all.push(['register', worker]);
    if (status !== 1) return;
    if (cur >= 0) all.push(['complete', worker, true, false], ['retry', worker, true, false, true]);
    else if (tag >= 0) all.push(['take', worker]);
    all.push(['crash', worker], ['retire', worker]);
    if (!leaving) all.push(['leave', worker]);
  });
  for (const tag of parked.slice(due)) all.push(['backOffEnds', tag]);
  if (ahead.some((worker) => !workers[worker]!.waited)) all.push(['lookAheadsWait']);
  for (const tag of lists.keys()) all.push([paused[tag] ? 'resume' : 'pause', tag]);
  for (const id of tagOf.keys()) if (waits(state, id)) all.push(['remove', id]);
  return all;
}

function waits({ done, failed, removed, workers }: ModelState, id: number): boolean {
  const isOver = done.includes(id) || failed.includes(id) || removed.includes(id);
  return !isOver && !workers.some(({ cur }) => cur === id);
}

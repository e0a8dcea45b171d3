import { createHash } from 'node:crypto';
import type { Mistake } from './batches.js';
import { canonical } from './canonical.js';
import { ModelQueue } from './queue.js';
import { copyOf, idleState, type ModelState } from './state.js';
import { apply, steps, type Step } from './steps.js';

export const maxBatchSize = 2;

export interface SearchBounds {
  readonly leaders: number;
  readonly workers: number;
  readonly tags: number;
  readonly tasks: number;
  readonly depth: number;
  readonly mistake?: Mistake;
  /** Steps that are left out. */
  readonly without?: RegExp;
}

export interface SearchResult {
  /** Different states, after symmetry reduction. */
  readonly states: number;
  readonly transitions: number;
  /** States at each depth. */
  readonly frontier: readonly number[];
  readonly violation?: { readonly what: string; readonly steps: readonly string[] };
}

/** The way to a state; the states themselves are forgotten. */
interface Trail {
  readonly step: Step;
  readonly from: Trail | undefined;
}

interface Node {
  readonly state: ModelState;
  readonly trail: Trail | undefined;
}

/** Breadth first over everything that may happen: a violation that it finds is one of the shortest. */
export function search(bounds: SearchBounds): SearchResult {
  const { leaders, workers, tags, tasks, depth, mistake, without } = bounds;
  const start = idleState(leaders, workers, tags, maxBatchSize);
  const seen = new Set([fingerprint(start)]);
  const frontier = [1];
  let transitions = 0;
  let nodes: Node[] = [{ state: start, trail: undefined }];
  for (let level = 1; level <= depth && nodes.length > 0; level += 1) {
    const next: Node[] = [];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      for (const step of steps(node.state, tasks)) {
        if (without?.test(step[0])) continue;
        const state = copyOf(node.state);
        let what: string | undefined;
        apply(step, new ModelQueue(state, (violated) => (what ??= violated), mistake));
        transitions += 1;
        what ??= unsound(state);
        const trail: Trail = { step, from: node.trail };
        if (what !== undefined)
          return { states: seen.size, transitions, frontier, violation: { what, steps: stepsOf(trail) } };
        const key = fingerprint(state);
        if (seen.has(key)) continue;
        seen.add(key);
        // What is reached last is not looked at again.
        next.push(level < depth ? { state, trail } : reached);
      }
    }
    nodes = next;
    frontier.push(next.length);
  }
  return { states: seen.size, transitions, frontier };
}

const reached: Node = { state: idleState(0, 0, 0, maxBatchSize), trail: undefined };

/** So short that millions of states have room; that two of them have the same is out of the question. */
function fingerprint(state: ModelState): string {
  return createHash('md5').update(canonical(state)).digest('binary');
}

/** What is wrong with a state, if anything. */
export function unsound(state: ModelState): string | undefined {
  const { tagOf, wait, lists, ring, workers, idle, done, failed, removed } = state;
  const times = new Array<number>(tagOf.length).fill(0);
  const count = (ids: readonly number[]): void => {
    for (const id of ids) times[id]! += 1;
  };
  for (const place of [wait, done, failed, removed]) count(place);
  lists.forEach(count);
  for (const worker of workers) {
    count(worker.wait);
    count(worker.next);
    if (worker.cur >= 0) times[worker.cur]! += 1;
  }
  const lost = times.findIndex((number) => number !== 1);
  if (lost >= 0) return `I3: task ${lost} is in ${times[lost]} places`;
  const queue = new ModelQueue(state, () => undefined);
  for (const tag of lists.keys()) {
    const owners = workers.filter((one) => one.tag === tag || one.ahead === tag).length;
    if (owners > 1) return `I1: tag ${tag} has ${owners} owners`;
    const isReady = queue.isReady(tag);
    if (ring.filter((one) => one === tag).length !== Number(isReady))
      return `I7: tag ${tag} is ${isReady ? 'ready and not' : 'not ready and'} in the ring`;
  }
  for (const [index, worker] of workers.entries()) {
    const { status, tag, size, aheadSize, leaving } = worker;
    const most = Math.max(size, aheadSize, worker.wait.length, worker.next.length);
    if (most > state.maxBatchSize) return `I6: worker ${index} has more than a batch`;
    const isIdle = status > 0 && tag < 0 && !leaving;
    if (idle.filter((one) => one === index).length !== Number(isIdle)) return `I3: worker ${index} is lost`;
  }
  return undefined;
}

function stepsOf(trail: Trail | undefined): string[] {
  const all: string[] = [];
  for (let at = trail; at !== undefined; at = at.from) all.unshift(at.step.join(' '));
  return all;
}

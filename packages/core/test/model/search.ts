import { maxBatchSize, ModelQueue, type Mistake } from './queue.js';
import { canonical, copyOf, emptyState, type ModelState } from './state.js';

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

type Step = readonly [name: string, apply: (queue: ModelQueue) => void];

interface Node {
  readonly state: ModelState;
  readonly step: string;
  readonly from: Node | undefined;
}

/** Breadth first over everything that may happen: a violation that it finds is one of the shortest. */
export function search({
  leaders,
  workers,
  tags,
  tasks,
  depth,
  mistake,
  without,
}: SearchBounds): SearchResult {
  const start: Node = { state: emptyState(leaders, workers, tags), step: '', from: undefined };
  const seen = new Set([canonical(start.state)]);
  const frontier = [1];
  let transitions = 0;
  let nodes: Node[] = [start];
  for (let level = 0; level < depth && nodes.length > 0; level += 1) {
    const next: Node[] = [];
    for (const node of nodes) {
      for (const [step, apply] of steps(node.state, tasks)) {
        if (without?.test(step)) continue;
        const state = copyOf(node.state);
        let what: string | undefined;
        apply(new ModelQueue(state, (violated) => (what ??= violated), mistake));
        transitions += 1;
        what ??= unsound(state);
        const reached: Node = { state, step, from: node };
        if (what !== undefined)
          return { states: seen.size, transitions, frontier, violation: { what, steps: pathTo(reached) } };
        const key = canonical(state);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(reached);
      }
    }
    nodes = next;
    frontier.push(nodes.length);
  }
  return { states: seen.size, transitions, frontier };
}

/** Everything that can happen in a state. */
function steps(state: ModelState, tasks: number): Step[] {
  const all: Step[] = [];
  const may = (name: string, apply: (queue: ModelQueue) => void): void => {
    all.push([name, apply]);
  };
  const { tagOf, workers, lists, beliefs, lock } = state;
  if (tagOf.length < tasks) lists.forEach((_, tag) => may(`add ${tag}`, (queue) => queue.add(tag)));
  beliefs.forEach((belief, leader) => {
    if (lock !== leader) may(`elect ${leader}`, (queue) => queue.elect(leader));
    if (belief === 0) return;
    may(`dispatch ${leader}`, (queue) => queue.dispatch(leader));
    may(`resign ${leader}`, (queue) => queue.resign(leader));
    workers.forEach(({ status }, worker) => {
      if (status > 0) may(`recover ${worker} by ${leader}`, (queue) => queue.recover(leader, worker));
    });
  });
  if (lock >= 0) may('the lock expires', (queue) => queue.expire());
  workers.forEach(({ status, cur, tag, ghost }, worker) => {
    if (ghost >= 0) may(`zombie ${worker} commits`, (queue) => queue.zombieCommits(worker));
    if (status === 0) may(`register ${worker}`, (queue) => queue.register(worker));
    if (status !== 1) return;
    if (cur >= 0) may(`complete ${worker}`, (queue) => queue.complete(worker));
    if (cur >= 0) may(`retry ${worker}`, (queue) => queue.retry(worker));
    if (cur < 0 && tag >= 0) may(`take ${worker}`, (queue) => queue.take(worker));
    may(`crash ${worker}`, (queue) => queue.crash(worker));
    may(`retire ${worker}`, (queue) => queue.retire(worker));
  });
  lists.forEach((_, tag) => {
    if (state.parked[tag]) may(`unpark ${tag}`, (queue) => queue.unpark(tag));
    if (state.paused[tag]) may(`resume ${tag}`, (queue) => queue.resume(tag));
    else may(`pause ${tag}`, (queue) => queue.pause(tag));
  });
  tagOf.forEach((_, id) => {
    const isWaiting =
      !state.done.includes(id) && !state.removed.includes(id) && !workers.some(({ cur }) => cur === id);
    if (isWaiting) may(`remove ${id}`, (queue) => queue.remove(id));
  });
  return all;
}

/** What is wrong with a state, if anything. */
export function unsound(state: ModelState): string | undefined {
  const { tagOf, wait, lists, ring, workers, idle, done, removed } = state;
  for (const [id] of tagOf.entries()) {
    const places = [
      wait,
      ...lists,
      done,
      removed,
      ...workers.flatMap((one) => [one.wait, one.next, [one.cur]]),
    ];
    const count = places.filter((place) => place.includes(id)).length;
    if (count !== 1) return `I3: task ${id} is in ${count} places`;
  }
  for (const tag of lists.keys()) {
    const owners = workers.filter((one) => one.tag === tag || one.ahead === tag).length;
    if (owners > 1) return `I1: tag ${tag} has ${owners} owners`;
    const isReady = new ModelQueue(state, () => undefined).isReady(tag);
    if (ring.filter((one) => one === tag).length !== Number(isReady))
      return `I7: tag ${tag} is ${isReady ? 'ready and not' : 'not ready and'} in the ring`;
  }
  for (const [index, { status, tag, size, next, wait: batch }] of workers.entries()) {
    if (size > maxBatchSize || next.length > maxBatchSize || batch.length > maxBatchSize)
      return `I6: worker ${index} has more than a batch`;
    const isIdle = status > 0 && tag < 0;
    if (idle.filter((one) => one === index).length !== Number(isIdle)) return `I3: worker ${index} is lost`;
  }
  return undefined;
}

function pathTo(node: Node): string[] {
  const steps: string[] = [];
  for (let at: Node | undefined = node; at?.from !== undefined; at = at.from) steps.unshift(at.step);
  return steps;
}

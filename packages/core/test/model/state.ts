/** A worker slot: each time it registers it stands for a new worker. */
export interface ModelWorker {
  /** 0: not registered; 1: alive; 2: its process is dead and nobody has noticed. */
  status: 0 | 1 | 2;
  /** The tag of its batch; -1: idle. */
  tag: number;
  size: number;
  /** Ids in the order in which they will run. */
  wait: number[];
  cur: number;
  /** The tag of its look-ahead. */
  ahead: number;
  next: number[];
  /** A task that a worker of this slot, declared dead meanwhile, still runs. */
  ghost: number;
}

/**
 * The queue as the scripts keep it, without time: leaders, workers, tags and tasks are small numbers. Tasks are numbered in
 * the order in which they were added. What grows without an end (epochs, tokens, attempts) is kept only as far as it decides
 * anything: whether a leader's epoch is the newest.
 */
export interface ModelState {
  /** Tag of each added task, by its number. */
  tagOf: number[];
  wait: number[];
  lists: number[][];
  ring: number[];
  parked: boolean[];
  paused: boolean[];
  workers: ModelWorker[];
  /** Longest idle first. */
  idle: number[];
  /** Of each leader: 0 it does not believe that it leads; 1 it does, by the newest epoch; 2 by an older one. */
  beliefs: (0 | 1 | 2)[];
  /** Who holds the lock; -1: it is free. */
  lock: number;
  done: number[];
  removed: number[];
  /** Of each ready tag: how often each other one was bound since it became ready. */
  turns: number[][];
}

export function emptyState(leaders: number, workers: number, tags: number): ModelState {
  const each = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  return {
    tagOf: [],
    wait: [],
    lists: each(tags, () => []),
    ring: [],
    parked: each(tags, () => false),
    paused: each(tags, () => false),
    workers: each(workers, () => ({
      status: 1,
      tag: -1,
      size: 0,
      wait: [],
      cur: -1,
      ahead: -1,
      next: [],
      ghost: -1,
    })),
    idle: [...Array(workers).keys()],
    beliefs: each(leaders, () => 0),
    lock: -1,
    done: [],
    removed: [],
    turns: each(tags, () => each(tags, () => 0)),
  };
}

export function copyOf(state: ModelState): ModelState {
  return {
    ...state,
    tagOf: [...state.tagOf],
    wait: [...state.wait],
    lists: state.lists.map((list) => [...list]),
    ring: [...state.ring],
    parked: [...state.parked],
    paused: [...state.paused],
    workers: state.workers.map((worker) => ({ ...worker, wait: [...worker.wait], next: [...worker.next] })),
    idle: [...state.idle],
    beliefs: [...state.beliefs],
    done: [...state.done],
    removed: [...state.removed],
    turns: state.turns.map((row) => [...row]),
  };
}

/** The same text for states that differ only in the names of their workers, leaders and tags. */
export function canonical(state: ModelState): string {
  let least = '';
  for (const tags of permutations(state.lists.length)) {
    for (const workers of permutations(state.workers.length)) {
      const text = encode(state, tags, workers);
      if (least === '' || text < least) least = text;
    }
  }
  return least;
}

/** @param tags - the new name of each tag; likewise the workers */
function encode(state: ModelState, tags: readonly number[], workers: readonly number[]): string {
  const tag = (name: number): number => (name < 0 ? -1 : tags[name]!);
  const byTag = <T>(values: readonly T[]): T[] => placed(values, tags);
  const leaders = state.beliefs
    .map((belief, leader) => `${belief}${state.lock === leader ? '!' : ''}`)
    .sort();
  const slots = placed(state.workers, workers).map(
    (one) =>
      `${one.status}${tag(one.tag)},${one.size},${one.wait.join('.')},${one.cur},${tag(one.ahead)},${one.next.join('.')},${one.ghost}`,
  );
  return [
    state.tagOf.map(tag).join(''),
    state.wait.join('.'),
    byTag(state.lists.map((list) => list.join('.'))).join('/'),
    state.ring.map(tag).join(''),
    byTag(state.parked.map(Number)).join(''),
    byTag(state.paused.map(Number)).join(''),
    slots.join('/'),
    state.idle.map((worker) => workers[worker]!).join(''),
    leaders.join(' '),
    [...state.done].sort().join(''),
    [...state.removed].sort().join(''),
    byTag(state.turns.map((row) => byTag(row).join(''))).join('/'),
  ].join('|');
}

function placed<T>(values: readonly T[], names: readonly number[]): T[] {
  const result: T[] = [];
  values.forEach((value, index) => (result[names[index]!] = value));
  return result;
}

const known = new Map<number, number[][]>();

function permutations(count: number): number[][] {
  let all = known.get(count);
  if (all === undefined) {
    all = count === 0 ? [[]] : permutations(count - 1).flatMap((rest) => insertions(rest, count - 1));
    known.set(count, all);
  }
  return all;
}

function insertions(rest: readonly number[], value: number): number[][] {
  return [...rest, value].map((_, at) => [...rest.slice(0, at), value, ...rest.slice(at)]);
}

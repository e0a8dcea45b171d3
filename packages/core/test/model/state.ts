/** A worker slot: each time it registers it stands for a new worker. */
export interface ModelWorker {
  /** 0: not registered; 1: alive; 2: its process is dead and nobody has noticed. */
  status: 0 | 1 | 2;
  /** Its tasks are short: it may have a look-ahead. */
  short: boolean;
  /** It gets nothing new. */
  leaving: boolean;
  /** The tag of its batch; -1: idle. */
  tag: number;
  size: number;
  /** Ids in the order in which they will run. */
  wait: number[];
  cur: number;
  /** The tag of its look-ahead. */
  ahead: number;
  aheadSize: number;
  next: number[];
  /** The look-ahead has waited so long that it comes before the ring. */
  waited: boolean;
  /** A task that a worker of this slot, declared dead meanwhile, still runs. */
  ghost: number;
}

/**
 * The queue as the scripts keep it, without time: leaders, workers, tags and tasks are small numbers. Tasks are numbered in
 * the order in which they were added. What grows without an end (epochs, tokens, attempts) is kept only as far as it decides
 * anything: whether a leader's epoch is the newest.
 */
export interface ModelState {
  readonly maxBatchSize: number;
  /** Tag of each added task, by its number. */
  tagOf: number[];
  wait: number[];
  lists: number[][];
  ring: number[];
  /** Tags in a back-off, in the order in which they end. */
  parked: number[];
  /** How many of these have ended: the next dispatch finds them. */
  due: number;
  paused: boolean[];
  /** Tags that got tasks while a worker had them. */
  touched: boolean[];
  workers: ModelWorker[];
  /** Longest idle first. */
  idle: number[];
  /** Workers with a batch and no look-ahead, whose tasks are short. */
  hungry: number[];
  /** Workers with a look-ahead, oldest first. */
  ahead: number[];
  /** Of each leader: 0 it does not believe that it leads; 1 it does, by the newest epoch; 2 by an older one. */
  beliefs: (0 | 1 | 2)[];
  /** Who holds the lock; -1: it is free. */
  lock: number;
  done: number[];
  failed: number[];
  removed: number[];
  /** Of each ready tag: how often each other one was bound since it became ready. */
  turns: number[][];
}

const each = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

/** Nobody has registered, nothing was added. */
export function emptyState(leaders: number, workers: number, tags: number, maxBatchSize: number): ModelState {
  return {
    ...{ maxBatchSize, tagOf: [], wait: [], lists: each(tags, () => []), ring: [], parked: [], due: 0 },
    paused: each(tags, () => false),
    touched: each(tags, () => false),
    workers: each(workers, () => ({
      ...{ status: 0, short: false, leaving: false, tag: -1, size: 0, wait: [], cur: -1 },
      ...{ ahead: -1, aheadSize: 0, next: [], waited: false, ghost: -1 },
    })),
    ...{ idle: [], hungry: [], ahead: [] },
    beliefs: each(leaders, () => 0),
    ...{ lock: -1, done: [], failed: [], removed: [] },
    turns: each(tags, () => each(tags, () => 0)),
  };
}

/** All workers are idle, and have run short tasks before: the start of a search. */
export function idleState(leaders: number, workers: number, tags: number, maxBatchSize: number): ModelState {
  const state = emptyState(leaders, workers, tags, maxBatchSize);
  for (const worker of state.workers) Object.assign(worker, { status: 1, short: true });
  state.idle = [...state.workers.keys()];
  return state;
}

export function copyOf(state: ModelState): ModelState {
  return {
    ...state,
    tagOf: state.tagOf.slice(),
    wait: state.wait.slice(),
    lists: state.lists.map((list) => list.slice()),
    ring: state.ring.slice(),
    parked: state.parked.slice(),
    paused: state.paused.slice(),
    touched: state.touched.slice(),
    workers: state.workers.map((worker) => ({
      ...worker,
      wait: worker.wait.slice(),
      next: worker.next.slice(),
    })),
    idle: state.idle.slice(),
    hungry: state.hungry.slice(),
    ahead: state.ahead.slice(),
    beliefs: state.beliefs.slice(),
    done: state.done.slice(),
    failed: state.failed.slice(),
    removed: state.removed.slice(),
    turns: state.turns.map((row) => row.slice()),
  };
}

import type { ModelState } from '../../../../model/state.js';
import { readState } from '../queue-state.js';
import type { LuaQueue } from './lua-queue.js';

/**
 * Everything that the model and Redis both know, in names of Redis. What is not in it:
 * - fencing tokens, attempts, crashes, positions in a batch and times, which grow without an end and are not modelled; their
 *   order is held by `Model`, which looks at them after each of its steps;
 * - the order in `active`, `completed` and `failed`, which decides nothing: ids are compared as sets;
 * - beliefs of leaders and crashes of workers, which are nowhere in Redis before somebody acts on them.
 */
export interface Picture {
  readonly lock: string | null;
  readonly wait: readonly string[];
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly ring: readonly string[];
  readonly parked: readonly string[];
  readonly paused: readonly string[];
  readonly touched: readonly string[];
  readonly owners: Readonly<Record<string, readonly string[]>>;
  readonly idle: readonly string[];
  readonly hungry: readonly string[];
  readonly ahead: readonly string[];
  /** Each with its batch, its look-ahead and what it runs; those that are gone have left nothing. */
  readonly workers: Readonly<Record<string, unknown>>;
  readonly registered: readonly string[];
  /** What is indexed or dispatched, in the order of its sequence numbers. */
  readonly order: readonly string[];
  readonly active: readonly string[];
  readonly locked: readonly string[];
  readonly completed: readonly string[];
  readonly failed: readonly string[];
  /** Tasks of which Redis keeps the hash. */
  readonly kept: readonly string[];
}

/** What there should be. */
export function predicted(state: ModelState, queue: LuaQueue, tags: readonly string[]): Picture {
  const { lists, workers, tagOf, removed, done, failed, lock } = state;
  const tag = (name: number): string | undefined => tags[name];
  const ids = (numbers: readonly number[]): string[] => numbers.map((id) => queue.taskName(id));
  const names = (slots: readonly number[]): string[] => slots.map((slot) => queue.workerName(slot));
  const running = workers.flatMap(({ cur }) => (cur < 0 ? [] : [cur]));
  const present = [...workers.entries()].filter(([, { status }]) => status > 0);
  const waiting = [...lists.flat(), ...workers.flatMap(({ wait, next }) => [...wait, ...next])];
  const owners: [string, string[]][] = tags.flatMap((name, number) => {
    const own = present.filter(([, one]) => one.tag === number || one.ahead === number);
    return own.length === 0 ? [] : [[name, names(own.map(([slot]) => slot))]];
  });
  const records = present.map(([slot, one]) => {
    const { size, aheadSize, short, leaving } = one;
    const batch = { tag: tag(one.tag), size, wait: ids(one.wait), cur: ids(one.cur < 0 ? [] : [one.cur])[0] };
    return [
      queue.workerName(slot),
      { ...batch, ahead: tag(one.ahead), aheadSize, next: ids(one.next), short, leaving },
    ];
  });
  return {
    lock: lock < 0 ? null : queue.term(lock),
    wait: ids(state.wait),
    tags: Object.fromEntries(lists.map((list, name) => [tags[name], ids(list)])) as Picture['tags'],
    ring: state.ring.map((name) => tags[name]!),
    parked: state.parked.map((name) => tags[name]!),
    paused: tags.filter((_, name) => state.paused[name]).sort(),
    touched: tags.filter((_, name) => state.touched[name]).sort(),
    owners: Object.fromEntries(owners),
    ...{ idle: names(state.idle), hungry: names(state.hungry), ahead: names(state.ahead) },
    workers: Object.fromEntries(records) as Picture['workers'],
    registered: names(present.map(([slot]) => slot)).sort(),
    // Numbers are given in the order in which tasks were added, whoever added them and however often they are retried.
    order: ids(waiting.sort((one, other) => one - other)),
    active: ids(running).sort(),
    locked: ids(running).sort(),
    completed: ids(done).sort(),
    failed: ids(failed).sort(),
    kept: ids([...tagOf.keys()].filter((id) => !removed.includes(id))).sort(),
  };
}

/** What there is. */
export async function found(queue: LuaQueue, tags: readonly string[], tasks: number): Promise<Picture> {
  const { harness, workerNames } = queue;
  const { redis, keys } = harness;
  const ids = Array.from({ length: tasks }, (_, id) => queue.taskName(id));
  const [state, lock, touched] = await Promise.all([
    readState(harness, { tags, workers: workerNames, ids }),
    redis.get(keys.electionLock),
    redis.smembers(harness.list('aff:touched')),
  ]);
  const records = [...state.workers].flatMap(([name, { meta, wait, next }]) => {
    if (!state.registered.has(name) && wait.length + next.length + Object.keys(meta).length === 0) return [];
    const batch = { tag: meta.tag, size: Number(meta.batch ?? 0), wait, cur: meta.cur };
    const look = { ahead: meta.ntag, aheadSize: Number(meta.nbatch ?? 0), next };
    return [[name, { ...batch, ...look, short: meta.short === '1', leaving: meta.leaving === '1' }]];
  });
  const { wait, ring, parked, pausedTags, idle, hungry, ahead } = state;
  return {
    ...{ lock, wait, ring, parked, paused: pausedTags, touched: touched.sort(), idle, hungry, ahead },
    tags: Object.fromEntries(state.tags),
    owners: Object.fromEntries(state.owners),
    workers: Object.fromEntries(records) as Picture['workers'],
    registered: [...state.registered].sort(),
    order: [...state.seq.keys()],
    active: [...state.active].sort(),
    locked: [...state.locks].sort(),
    completed: [...state.completed].sort(),
    failed: [...state.failed].sort(),
    kept: [...state.tasks].sort(),
  };
}

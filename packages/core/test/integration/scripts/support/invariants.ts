import type { QueueState, WorkerRecord } from './queue-state.js';

export interface InvariantOptions {
  readonly maxBatchSize: number;
  /** Ids whose hash somebody else deleted: lists may still name them. */
  readonly ghosts?: ReadonlySet<string>;
  /** Tags that had several owners at some time: their tasks have no order. */
  readonly unordered?: ReadonlySet<string>;
}

/** What is wrong with a state; empty for a sound one. */
export function violations(state: QueueState, options: InvariantOptions): string[] {
  const { maxBatchSize, ghosts = new Set<string>(), unordered = new Set<string>() } = options;
  return [
    ...ringViolations(state),
    ...placeViolations(state, ghosts),
    ...sequenceViolations(state, ghosts),
    ...ownerViolations(state),
    ...workerListViolations(state),
    ...batchViolations(state, maxBatchSize),
    ...currentViolations(state, ghosts),
    ...orderViolations(state, unordered),
  ];
}

export function limitOf(state: QueueState, tag: string): number {
  return state.limits.get(tag) ?? state.defaultLimit;
}

export function isReady(state: QueueState, tag: string): boolean {
  const owners = state.owners.get(tag)?.length ?? 0;
  return (
    (state.tags.get(tag)?.length ?? 0) > 0 &&
    owners < limitOf(state, tag) &&
    !state.parked.includes(tag) &&
    !state.pausedTags.includes(tag)
  );
}

/** A tag is in the ring once exactly while it is ready. */
function ringViolations(state: QueueState): string[] {
  const found: string[] = [];
  for (const tag of state.tags.keys()) {
    const times = count(state.ring, tag);
    const expected = isReady(state, tag) ? 1 : 0;
    if (times !== expected)
      found.push(`tag ${JSON.stringify(tag)} is ${times} times in the ring, not ${expected}`);
  }
  for (const tag of state.ring) if (!state.tags.has(tag)) found.push(`unknown tag ${tag} in the ring`);
  return found;
}

/** Every task is in one place. */
function placeViolations(state: QueueState, ghosts: ReadonlySet<string>): string[] {
  const places = new Map<string, string[]>();
  const put = (place: string, ids: readonly string[]): void => {
    for (const id of ids) places.set(id, [...(places.get(id) ?? []), place]);
  };
  const { wait, prioritized, active, delayed, completed, failed } = state;
  for (const [place, ids] of Object.entries({ wait, prioritized, active, delayed, completed, failed }))
    put(place, ids);
  for (const [tag, ids] of state.tags) put(`tag ${tag}`, ids);
  for (const [worker, { wait: batch, next }] of state.workers) {
    put(`${worker}:wait`, batch);
    put(`${worker}:next`, next);
  }
  const found: string[] = [];
  for (const id of state.tasks) if (!places.has(id)) found.push(`task ${id} is lost`);
  for (const [id, where] of places) {
    if (where.length > 1 && !ghosts.has(id)) found.push(`task ${id} is in ${where.join(' and ')}`);
    if (!state.tasks.has(id) && !ghosts.has(id)) found.push(`${where.join()} names ${id}, which is no task`);
  }
  return found;
}

/** aff:seq has exactly what is indexed or dispatched and not taken. */
function sequenceViolations(state: QueueState, ghosts: ReadonlySet<string>): string[] {
  const waiting = new Set([...state.tags.values()].flat());
  for (const { wait, next } of state.workers.values()) for (const id of [...wait, ...next]) waiting.add(id);
  const found: string[] = [];
  for (const id of waiting)
    if (!state.seq.has(id) && !ghosts.has(id)) found.push(`${id} waits and is not in aff:seq`);
  for (const id of state.seq.keys())
    if (!waiting.has(id)) found.push(`${id} is in aff:seq and waits nowhere`);
  return found;
}

/** A tag's owners are the workers whose batch or look-ahead it is. */
function ownerViolations(state: QueueState): string[] {
  const expected = new Map<string, string[]>();
  const own = (tag: string | undefined, worker: string): void => {
    if (tag !== undefined) expected.set(tag, [...(expected.get(tag) ?? []), worker]);
  };
  for (const [worker, { meta }] of state.workers) {
    own(meta.tag, worker);
    own(meta.ntag, worker);
  }
  const text = (owners: readonly string[] = []): string => [...owners].sort().join();
  return [...new Set([...expected.keys(), ...state.owners.keys()])].flatMap((tag) => {
    const [is, should] = [text(state.owners.get(tag)), text(expected.get(tag))];
    return is === should ? [] : [`tag ${tag} is owned by [${is}], but the batches of [${should}] are of it`];
  });
}

/** Each worker is in the lists that its state asks for, once. */
function workerListViolations(state: QueueState): string[] {
  const found: string[] = [];
  const expect = (
    name: string,
    list: readonly string[],
    isMember: (worker: WorkerRecord) => boolean,
  ): void => {
    for (const [worker, record] of state.workers) {
      const expected = state.registered.has(worker) && isMember(record) ? 1 : 0;
      if (count(list, worker) !== expected)
        found.push(`${worker} is ${count(list, worker)} times in ${name}`);
    }
    for (const worker of list) if (!state.workers.has(worker)) found.push(`unknown ${worker} in ${name}`);
  };
  const { idle, hungry, ahead } = state;
  expect('aff:idle', idle, ({ meta }) => meta.tag === undefined && meta.leaving === undefined);
  expect('aff:hungry', hungry, ({ meta: { tag, ntag, short, leaving } }) => {
    return tag !== undefined && ntag === undefined && short === '1' && leaving === undefined;
  });
  expect('aff:ahead', ahead, ({ meta }) => meta.ntag !== undefined);
  for (const [worker, { meta, wait, next }] of state.workers) {
    if (meta.tag === undefined && wait.length > 0) found.push(`${worker} holds ids without a batch`);
    if ((meta.ntag === undefined) !== (next.length === 0))
      found.push(`${worker} has a look-ahead without ids, or ids without one`);
    if (!state.registered.has(worker) && Object.keys(meta).length > 0)
      found.push(`${worker} left its keys behind`);
    if (state.registered.has(worker) !== state.beats.has(worker))
      found.push(`${worker} has a heartbeat without being registered`);
  }
  return found;
}

function batchViolations({ workers }: QueueState, maxBatchSize: number): string[] {
  return [...workers].flatMap(([worker, { meta, wait, next }]) => {
    const [batch, done, nextBatch] = [
      Number(meta.batch ?? 0),
      Number(meta.done ?? 0),
      Number(meta.nbatch ?? 0),
    ];
    const isSound =
      batch <= maxBatchSize &&
      nextBatch <= maxBatchSize &&
      done + wait.length <= batch &&
      next.length <= nextBatch;
    return isSound
      ? []
      : [`${worker}: batch ${batch}, done ${done}, left ${wait.length}, next ${next.length}/${nextBatch}`];
  });
}

/** What runs is in active, locked, and the current task of one worker. */
function currentViolations(state: QueueState, ghosts: ReadonlySet<string>): string[] {
  const current = [...state.workers.values()].flatMap(({ meta }) =>
    meta.cur === undefined ? [] : [meta.cur],
  );
  const found: string[] = [];
  for (const id of state.active)
    if (!current.includes(id)) found.push(`${id} is active and nobody's current task`);
  for (const id of current) {
    if (!state.active.includes(id) && !ghosts.has(id)) found.push(`${id} is current and not active`);
    if (!state.locks.has(id) && !ghosts.has(id)) found.push(`${id} runs without a lock`);
  }
  for (const id of state.locks) if (!current.includes(id)) found.push(`${id} is locked and does not run`);
  return found;
}

/** With one owner, what is left of a tag runs in the order of its sequence numbers. */
function orderViolations(state: QueueState, unordered: ReadonlySet<string>): string[] {
  return [...state.tags].flatMap(([tag, ids]) => {
    if (unordered.has(tag)) return [];
    const dispatched = [...state.workers.values()].flatMap(({ meta, wait, next }) => {
      if (meta.tag === tag)
        return [...(meta.cur === undefined ? [] : [Number(meta.seq)]), ...wait.map(sequence)];
      return meta.ntag === tag ? next.map(sequence) : [];
    });
    const order = [...dispatched, ...ids.map(sequence)].filter((number) => !Number.isNaN(number));
    return order.every((number, i) => i === 0 || number > (order[i - 1] ?? 0))
      ? []
      : [`tag ${tag} will run as ${order.join()}`];
  });

  function sequence(id: string): number {
    return state.seq.get(id) ?? NaN;
  }
}

function count(list: readonly string[], member: string): number {
  return list.filter((other) => other === member).length;
}

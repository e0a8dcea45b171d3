/**
 * The witness stream: what the scripts of a test build append to `bull:<queue>:aff:witness`, one entry per state transition.
 * Redis runs one script at a time, so that the order of the entries is the order of the transitions.
 */
export interface WitnessFields {
  /** A task was added to the pending queue. */
  added: { id: string };
  /** A task joined the end of its tag (intake). */
  indexed: { id: string; tag: string; seq: string };
  /** A tag was bound; `ahead` 1: as a look-ahead. `leader` is "nodeId:epoch". */
  bound: { tag: string; worker: string; fence: string; size: string; ahead: string; leader: string };
  /** A batch got tasks that came meanwhile. */
  toppedUp: { tag: string; worker: string; count: string };
  /** A look-ahead became the batch. */
  begun: { tag: string; worker: string };
  /** A look-ahead that had not begun went back. */
  dropped: { tag: string; worker: string };
  /** A worker's batch ended. */
  released: { tag: string; worker: string };
  /** A task was started. */
  taken: { id: string; tag: string; worker: string; attempt: string; fence: string };
  /** An attempt ended: completed, failed, retried (to the head of its tag), given-back (as retried), delayed. */
  ended: { id: string; worker: string; attempt: string; outcome: string };
  /** A task is no longer there: removed, or not kept. */
  gone: { id: string };
  /** A failed task was given new attempts. */
  requeued: { id: string };
  /** A tag began, or ceased, to wait out a back-off. */
  parked: { tag: string };
  unparked: { tag: string };
  paused: { tag: string };
  resumed: { tag: string };
  registered: { worker: string; node: string };
  /** A worker gets nothing new, and gave back what it had not taken. */
  leaving: { worker: string };
  /** A worker went, and all that it held went back: declared dead, by this leader. */
  recovered: { worker: string; leader: string };
  /** A worker went, and all that it held went back: it retired. */
  retired: { worker: string };
  /** The lock was taken, by "nodeId:epoch". */
  elected: { leader: string };
  renewed: { leader: string };
  resigned: { leader: string };
  /** A neighbour saw that the leader's process is dead, and gave its lock up. */
  deposed: { leader: string };
}

/** @publicApi */
export type WitnessType = keyof WitnessFields;

/** One entry of the witness stream. @publicApi */
export type WitnessEntry = {
  [Type in WitnessType]: { readonly witness: Type; readonly entryId: string } & Readonly<WitnessFields[Type]>;
}[WitnessType];

/** An entry as XRANGE gives it. `undefined` for one that is none of ours. */
export function decodeWitness(entryId: string, flat: readonly string[]): WitnessEntry | undefined {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  const { event, ...rest } = fields;
  return event === undefined ? undefined : ({ witness: event, entryId, ...rest } as unknown as WitnessEntry);
}

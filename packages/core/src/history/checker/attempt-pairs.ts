import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';

type Start = RecordOf<'task.started'>;

/** Two attempts, the one started before the other. */
export interface AttemptPair {
  readonly earlier: Start;
  readonly later: Start;
}

interface Seen {
  /** The earlier attempt was taken: an id may have had another task before. */
  hasBegun: boolean;
  /** The end of the earlier attempt, or that the later one was taken. */
  first: 'end' | 'take' | undefined;
}

/** Pairs of attempts of which the witness may know that the one had ended before the other one was taken. */
export class AttemptPairs<Pair extends AttemptPair> {
  readonly #seen = new Map<Pair, Seen>();
  readonly #begins = new Map<string, Seen[]>();
  readonly #ends = new Map<string, Seen[]>();
  readonly #takes = new Map<string, Seen[]>();

  add(pair: Pair): void {
    const seen: Seen = { hasBegun: false, first: undefined };
    this.#seen.set(pair, seen);
    push(this.#begins, keyOfTake(pair.earlier), seen);
    push(this.#ends, keyOf(pair.earlier), seen);
    push(this.#takes, keyOfTake(pair.later), seen);
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'taken') {
      const key = `${keyOf({ ...entry, task: entry.id })} ${entry.fence}`;
      for (const seen of this.#begins.get(key) ?? []) seen.hasBegun = true;
      for (const seen of this.#takes.get(key) ?? []) seen.first ??= 'take';
    }
    if (entry.witness === 'ended')
      for (const seen of this.#ends.get(keyOf({ ...entry, task: entry.id })) ?? [])
        if (seen.hasBegun) seen.first ??= 'end';
  }

  /** All that were added. */
  get all(): Iterable<Pair> {
    return this.#seen.keys();
  }

  /** Whether the witness shows it. */
  wereApart(pair: Pair): boolean {
    return this.#seen.get(pair)?.first === 'end';
  }
}

function push(map: Map<string, Seen[]>, key: string, seen: Seen): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [seen]);
  else present.push(seen);
}

function keyOf({
  task,
  worker,
  attempt,
}: {
  task: string;
  worker: string;
  attempt: number | string;
}): string {
  return `${task} ${worker} ${attempt}`;
}

function keyOfTake(start: Start): string {
  return `${keyOf(start)} ${start.token}`;
}

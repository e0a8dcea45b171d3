import type { HistoryRecord } from '../records.js';

/** A record with its place on the common axis. */
export interface Placed {
  readonly record: HistoryRecord;
  /** Microseconds. Exact among records of one `boot`; between two of them as good as their wall clocks agree. */
  readonly time: number;
  readonly boot: string;
}

interface Head {
  placed: Placed;
  readonly offset: number;
  readonly boot: string;
  readonly rest: AsyncIterator<HistoryRecord>;
}

/** The records of several processes in one order. Holds one record of each at a time. */
export async function* mergeHistories(
  histories: readonly AsyncIterable<HistoryRecord>[],
): AsyncGenerator<Placed> {
  const heads: Head[] = [];
  const offsets = new Map<string, number>();
  for (const history of histories) {
    const rest = history[Symbol.asyncIterator]();
    const first = await rest.next();
    if (first.done === true) continue;
    const record = first.value;
    const boot = record.type === 'process.opened' ? record.boot : '';
    const offset = offsets.get(boot) ?? record.wall * 1_000 - record.at;
    offsets.set(boot, offset);
    heads.push({ placed: { record, time: record.at + offset, boot }, offset, boot, rest });
  }
  // A few files as a rule: looking for the earliest head is cheaper than a heap.
  while (heads.length > 0) {
    let earliest = 0;
    for (let i = 1; i < heads.length; i += 1)
      if (heads[i]!.placed.time < heads[earliest]!.placed.time) earliest = i;
    const head = heads[earliest]!;
    yield head.placed;
    const next = await head.rest.next();
    if (next.done === true) heads.splice(earliest, 1);
    else head.placed = { record: next.value, time: next.value.at + head.offset, boot: head.boot };
  }
}

import type { HistoryDamage } from '../read-history.js';
import type { HistoryRecord } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import { BatchBound } from './batch-bound.js';
import type { Check, CheckContext } from './check.js';
import { Failover } from './failover.js';
import { Fates } from './fates.js';
import { mergeHistories, type Placed } from './merge-histories.js';
import { OneQueue } from './one-queue.js';
import { Overlaps } from './overlaps.js';
import { Processes } from './processes.js';
import { Quiet } from './quiet.js';
import { Findings, type HistoryReport } from './report.js';
import { StartOrder } from './start-order.js';
import { Terms } from './terms.js';
import { WitnessedQueue } from './witnessed-queue.js';

/** What a check is given; everything is read once, from front to back. @publicApi */
export interface HistoryToCheck {
  /** The records of each process, in order: see {@link readHistory}. */
  readonly histories: readonly (AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>)[];
  /** The witness stream of the queue, where it was kept. */
  readonly witness?: AsyncIterable<WitnessEntry> | Iterable<WitnessEntry>;
  /** The pending queue; may be left out when the history is about one only. */
  readonly queue?: string;
  /** What the reader could not read; filled while the check reads. */
  readonly damage?: readonly HistoryDamage[];
}

/**
 * Holds a history against the invariants. Needs memory for what each task came to, not for the records.
 *
 * @throws when the records are about several queues and none is named
 * @publicApi
 */
export async function checkHistory({
  histories,
  witness,
  queue,
  damage = [],
}: HistoryToCheck): Promise<HistoryReport> {
  const findings = new Findings();
  const processes = new Processes();
  const context: CheckContext = { processes, findings, hasWitness: witness !== undefined };
  const fates = new Fates(context);
  const failover = new Failover(context);
  const checks: Check[] = [
    new Overlaps(context),
    new StartOrder(context),
    fates,
    new Terms(context),
    new BatchBound(context),
    failover,
    new Quiet(context),
    new WitnessedQueue(context),
  ];

  const counts = { records: 0, witnessEntries: 0, starts: 0, commits: 0 };
  const one = new OneQueue(queue);
  for await (const placed of mergeHistories(histories.map(asAsync))) {
    const { record } = placed;
    if (!one.has(record)) continue;
    counts.records += 1;
    if (record.type === 'task.started') counts.starts += 1;
    if (record.type === 'outcome.committed') counts.commits += 1;
    processes.see(placed);
    seeAll(checks, placed);
  }
  for await (const entry of witness ?? []) {
    counts.witnessEntries += 1;
    for (const check of checks) check.seeEntry?.(entry);
  }
  for (const check of checks) check.finish?.();

  const { violations, furtherViolations, overlaps, allUndecided } = findings;
  return {
    ok: violations.length === 0,
    violations,
    furtherViolations,
    overlaps,
    undecided: allUndecided,
    failovers: failover.counts,
    damage,
    counts: {
      ...counts,
      processes: processes.known.size,
      tasks: fates.taskCount,
      faults: processes.faults.length,
    },
  };
}

function seeAll(checks: readonly Check[], placed: Placed): void {
  for (const check of checks) check.see?.(placed);
}

function asAsync<T>(items: AsyncIterable<T> | Iterable<T>): AsyncIterable<T> {
  return Symbol.asyncIterator in items ? items : fromIterable(items);
}

async function* fromIterable<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

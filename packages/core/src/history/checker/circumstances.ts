import type { HistoryRecord, RecordOf } from '../records.js';
import { aftermathMs, feltForMs, type Leases } from './aftermath.js';
import { OneQueue } from './one-queue.js';
import { Processes, type KnownProcess } from './processes.js';

/**
 * What was around a failure: faults that are felt at the same time, and processes that could take over. Only a failure that came
 * alone, with somebody there, says how long a failover takes; the checker (I8) goes by it, and so should whoever measures.
 *
 * @publicApi
 * @example
 * const circumstances = Circumstances.of(records);
 * const isSingle =
 *   circumstances.faultsFeltBetween(kill.at, kill.at + 2_000_000).every((fault) => fault === kill) &&
 *   circumstances.candidates(kill.at, kill.at + 2_000_000, kill.target).length > 0;
 */
export class Circumstances {
  /** @internal */
  constructor(
    private readonly processes: Processes,
    private readonly leases: Leases | undefined = processes.bounds,
  ) {}

  /**
   * @param records - of processes that share the monotonic clock, ordered by `at`
   * @param about.queue - the pending queue; may be left out when the records are about one only
   * @param about.leases - shorter ones than those of the queue, where deaths are seen long before the leases are over
   * @throws when the records are about several queues and none is named: a process may stand for election for one of them only
   */
  static of(
    records: Iterable<HistoryRecord>,
    { queue, leases }: { queue?: string | undefined; leases?: Leases | undefined } = {},
  ): Circumstances {
    const processes = new Processes();
    const one = new OneQueue(queue);
    for (const record of records) if (one.has(record)) processes.see({ record, time: record.at, boot: '' });
    return new Circumstances(processes, leases);
  }

  /**
   * The faults that are felt between two moments, microseconds: each from its beginning until a lock TTL, a `heartbeatTimeout`
   * and what I8 allows beyond them have passed since its end. One without a duration is felt for good, unless it is over at once,
   * such as a kill; a process that is told to stop is felt until it has stopped.
   */
  faultsFeltBetween(from: number, until: number): RecordOf<'fault'>[] {
    const { leases } = this;
    const { known, faults } = this.processes;
    if (leases === undefined) return [];
    return faults
      .filter((fault) => {
        if (fault.from >= until) return false;
        const { closedAt, lastTime = fault.from } = known.get(fault.record.target) ?? {};
        const tookMs = Math.max(0, (closedAt ?? lastTime) - fault.from) / 1_000;
        const stop = { tookMs, isClosed: closedAt !== undefined };
        return fault.from + feltForMs(fault.record, leases, stop) * 1_000 > from;
      })
      .map(({ record }) => record);
  }

  /**
   * Who could lead between two moments, microseconds, besides one: whoever stands for election, had surely started (it had worked
   * already, or had opened the queue long before), and lived on.
   */
  candidates(from: number, until: number, besides: string): string[] {
    return this.#present(from, until, besides, ({ isCandidate }) => isCandidate);
  }

  /** The same of who could run tasks. */
  workers(from: number, until: number, besides: string): string[] {
    return this.#present(from, until, besides, ({ runsTasks }) => runsTasks);
  }

  #present(
    from: number,
    until: number,
    besides: string,
    isMeant: (process: KnownProcess) => boolean,
  ): string[] {
    const settledUs = this.leases === undefined ? 0 : aftermathMs(this.leases) * 1_000;
    return [...this.processes.known.values()].flatMap((process) => {
      const { id, openedAt = Infinity, workedAt = Infinity, lastWorkedAt = 0, closedAt, lastTime } = process;
      if (id === besides || !isMeant(process)) return [];
      const hasStarted = workedAt < from || openedAt <= from - settledUs;
      // One that stands by writes nothing; that it is killed later shows that it was there.
      const killedAt = this.processes.killOf(id)?.from;
      // One that closes soon after it may have been about to stop, if it did nothing any more.
      const stoppedAt = closedAt === undefined ? undefined : Math.max(lastWorkedAt, closedAt - settledUs);
      const goneAt = killedAt ?? stoppedAt ?? (lastTime > from ? Infinity : lastTime);
      return hasStarted && goneAt > until ? [id] : [];
    });
  }
}

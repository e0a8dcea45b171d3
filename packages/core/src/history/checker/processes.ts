import type { HistoryRecord, RecordOf, RecordType } from '../records.js';
import { does, lastsForMs } from './fault-kinds.js';
import type { Placed } from './merge-histories.js';

/** A fault with its place in time. */
export interface PlacedFault {
  readonly record: RecordOf<'fault'>;
  readonly from: number;
  /** Infinity: for good. */
  readonly until: number;
}

export interface QueueBounds {
  maxBatchSize: number;
  lockTtlMs: number;
  heartbeatTimeoutMs: number;
  /** The shortest time after which anybody may take the lock of a leader that has not resigned. */
  shortestLeaseMs: number;
  concurrency: number;
  tagConcurrency: Map<string, number>;
}

export interface KnownProcess {
  readonly id: string;
  readonly boot: string;
  node: string;
  isCandidate: boolean;
  runsTasks: boolean;
  /** When it began to work on the queue. */
  openedAt: number | undefined;
  /** When it first showed that it had started: by a task, or by what leaders do. */
  workedAt: number | undefined;
  /** When it did so last: it was not about to stop then. */
  lastWorkedAt: number | undefined;
  lastTime: number;
  closedAt: number | undefined;
}

/** What is known about the processes, their bounds, and what was done to them. */
export class Processes {
  readonly known = new Map<string, KnownProcess>();
  readonly faults: PlacedFault[] = [];
  bounds: QueueBounds | undefined;
  /** Somebody saw that nothing was left to do. */
  isDrained = false;

  see({ record, time, boot }: Placed): void {
    let known = this.known.get(record.process);
    if (known === undefined) {
      const blank = {
        node: '',
        isCandidate: false,
        runsTasks: false,
        openedAt: undefined,
        workedAt: undefined,
        lastWorkedAt: undefined,
        closedAt: undefined,
      };
      known = { ...blank, id: record.process, boot, lastTime: time };
      this.known.set(record.process, known);
    }
    known.lastTime = time;
    if (work.has(record.type)) {
      known.workedAt ??= time;
      known.lastWorkedAt = time;
    }
    if (record.type === 'process.opened') known.node = record.node;
    if (record.type === 'process.closed') known.closedAt = time;
    if (record.type === 'queue.opened') this.#open(known, record, time);
    if (record.type === 'drained' || record.type === 'keys.left') this.isDrained = true;
    if (record.type === 'fault') {
      const from = time - (record.agoMs ?? 0) * 1_000;
      this.faults.push({ record, from, until: from + lastsForMs(record) * 1_000 });
    }
  }

  /** How many owners a tag may have. */
  limitOf(tag: string): number {
    return this.bounds?.tagConcurrency.get(tag) ?? this.bounds?.concurrency ?? 1;
  }

  get heartbeatTimeoutUs(): number {
    return (this.bounds?.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY) * 1_000;
  }

  get hasSeveralBoots(): boolean {
    return new Set([...this.known.values()].map(({ boot }) => boot)).size > 1;
  }

  /** When a process ceased to do anything: it was killed, or closed its history. */
  goneAt(id: string): number | undefined {
    return this.killOf(id)?.from ?? this.known.get(id)?.closedAt;
  }

  killOf(id: string): PlacedFault | undefined {
    return this.faults.find(({ record }) => record.kind === 'kill' && record.target === id);
  }

  /** Whether its history ends before a time, and not because it was closed. */
  isSilentSince(id: string, time: number): boolean {
    const known = this.known.get(id);
    return known !== undefined && known.lastTime <= time && known.closedAt === undefined;
  }

  /**
   * Whether a process may have done something at a time, or right before, and not lived to write it down: it wrote nothing since,
   * and was killed before its history was written, or before it stirred again. A history is written in order, so that whatever
   * was written since shows that it lived. Of one that ends without saying why nothing is known.
   */
  mayNotHaveWritten(id: string, time: number): 'killed' | 'unknown' | undefined {
    if (!this.isSilentSince(id, time)) return undefined;
    const kill = this.killOf(id);
    if (kill === undefined) return 'unknown';
    const slackUs = this.#writtenWithinUs;
    const standsStill = ({ record }: PlacedFault): boolean =>
      record.target === id && does(record, 'stands still');
    return kill.from <= this.#endOf(standsStill, time + slackUs, slackUs) ? 'killed' : undefined;
  }

  /**
   * The same of what Redis said to something that it asked for: it did not live to hear it, or what was done to it, or to Redis,
   * kept the answer away for so long.
   */
  mayNotHaveHeard(id: string, askedAt: number): boolean {
    const slackUs = this.#writtenWithinUs;
    const heardBy = this.#endOf(
      (fault) => isInTheWayOf(id, fault),
      askedAt + slackUs,
      slackUs + this.heartbeatTimeoutUs,
    );
    return this.mayNotHaveWritten(id, heardBy) !== undefined;
  }

  /** Whether a fault of the process, or of Redis, may have kept what one said from the other in a span of time. */
  wasDisturbed(id: string, from: number, until: number): boolean {
    return this.faults.some(
      (fault) =>
        isInTheWayOf(id, fault) && fault.from <= until && fault.until + this.#writtenWithinUs >= from,
    );
  }

  hasClosed(id: string): boolean {
    return this.known.get(id)?.closedAt !== undefined;
  }

  get #writtenWithinUs(): number {
    return Math.min(writtenWithinUs, this.heartbeatTimeoutUs);
  }

  /** Until when faults may put something off that would be over at a time: each that has begun by then, and what comes after it. */
  #endOf(isMeant: (fault: PlacedFault) => boolean, time: number, slackUs: number): number {
    let end = time;
    const meant = this.faults.filter((fault) => isMeant(fault) && fault.until + slackUs > time);
    for (const { from, until } of meant.sort((one, other) => one.from - other.from))
      if (from <= end) end = Math.max(end, until + slackUs);
    return end;
  }

  /** A fault of the process, or of Redis, that went on for longer than `us` and touches the span. */
  faultLongerThan(us: number, target: string, from: number, until: number): PlacedFault | undefined {
    return this.faults.find(
      (fault) =>
        (fault.record.target === target || fault.record.target === 'redis') &&
        fault.from <= until &&
        fault.until >= from &&
        (fault.until - fault.from > us || does(fault.record, 'ends a lease')),
    );
  }

  /** Whether one machine wrote them all, so that their `at` says which of them came first. */
  shareClock(...records: readonly HistoryRecord[]): boolean {
    return new Set(records.map(({ process }) => this.known.get(process)?.boot)).size <= 1;
  }

  /**
   * What made Redis forget, after something, what it had accepted; so far. Whether it was after what another machine recorded
   * nobody knows, so that it may have been.
   *
   * @param since - any time if left out
   */
  wentBack(since?: HistoryRecord): RecordOf<'fault'> | undefined {
    return this.faults.find(
      ({ record }) =>
        does(record, 'loses history') &&
        (since === undefined || !this.shareClock(record, since) || record.at >= since.at),
    )?.record;
  }

  #open(known: KnownProcess, record: RecordOf<'queue.opened'>, time: number): void {
    known.node = record.node;
    known.openedAt ??= time;
    known.runsTasks = record.role === 'BOTH' || record.role === 'WORKER';
    known.isCandidate = record.role === 'BOTH' || record.role === 'SCHEDULER';
    // Instances may differ, as in a rolling deploy: the wider bound holds.
    const { bounds } = this;
    const tags = bounds?.tagConcurrency ?? new Map<string, number>();
    for (const tag of Object.keys(record.tagConcurrency))
      tags.set(tag, Math.max(tags.get(tag) ?? 0, record.tagConcurrency[tag] ?? 1));
    this.bounds = {
      maxBatchSize: Math.max(bounds?.maxBatchSize ?? 0, record.maxBatchSize),
      lockTtlMs: Math.max(bounds?.lockTtlMs ?? 0, record.lockTtlMs),
      heartbeatTimeoutMs: Math.max(bounds?.heartbeatTimeoutMs ?? 0, record.heartbeatTimeoutMs),
      shortestLeaseMs: Math.min(
        bounds?.shortestLeaseMs ?? Number.POSITIVE_INFINITY,
        record.lockTtlMs,
        record.heartbeatTimeoutMs,
      ),
      concurrency: Math.max(bounds?.concurrency ?? 0, record.concurrency),
      tagConcurrency: tags,
    };
  }
}

/** Whether it may keep what Redis says from a process for a while, or the other way round. */
function isInTheWayOf(id: string, { record }: PlacedFault): boolean {
  return record.kind !== 'kill' && (record.target === id || record.target === 'redis');
}

/** Why a check decides nothing then. */
export const wentBack = 'Redis went back to an earlier state of its data';
export const noCommonClock = 'the processes have no clock in common';
export const mayHaveCommitted = 'the process that ran it last may not have recorded its outcome';

/** What a process does only if it has started, and is not about to stop. */
const work: ReadonlySet<RecordType> = new Set([
  'task.started',
  'leadership.gained',
  'leadership.renewed',
  'leader.acted',
  'worker.recovered',
]);

/** A record is with the operating system after 20 ms; a process that is busy, on a machine that is, takes no longer than this. */
const writtenWithinUs = 1_000_000;

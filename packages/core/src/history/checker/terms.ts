import type { HistoryRecord, RecordOf } from '../records.js';
import type { Check, CheckContext } from './check.js';
import { compareEpochs } from './epochs.js';
import type { Placed } from './merge-histories.js';
import { noCommonClock } from './processes.js';

type Accepted = RecordOf<'leadership.renewed' | 'leader.acted' | 'worker.recovered'>;

interface Term {
  readonly record: RecordOf<'leadership.gained'>;
  readonly boot: string;
  /** The latest sign of life that Redis had of it. */
  alive: RecordOf<'leadership.gained' | 'leadership.renewed'>;
  hasResigned: boolean;
}

/** A lock that was taken from a leader that had shown life. */
interface Takeover {
  readonly by: Placed;
  readonly from: string;
  readonly epoch: string;
  readonly violate: () => void;
}

/**
 * I5 by what the leaders saw: an epoch has one leader, nothing of an older epoch that was sent after a newer one was won is
 * accepted, and nobody takes the lock of a leader that has shown life within the lease; who is reported dead as it leads is dead.
 */
export class Terms implements Check {
  readonly #leaders = new Map<string, RecordOf<'leadership.gained'>>();
  #newest: Term | undefined;
  readonly #takeovers: Takeover[] = [];
  /** Epochs whose lock was given up, as Redis said, which asks whose it is: nobody had taken it before. */
  readonly #givenUp = new Set<string>();
  /** Leaders whose process is dead, as a neighbour saw: by their node. */
  readonly #reportedDead = new Map<string, RecordOf<'leadership.lost'>>();

  constructor(private readonly context: CheckContext) {}

  see({ record, time, boot }: Placed): void {
    this.#judgeDeath(record);
    if (record.type === 'leadership.gained') this.#gain(record, time, boot);
    else if (isAccepted(record)) this.#accept(record, boot);
    else if (record.type === 'leadership.lost' && record.reason !== 'refused') {
      if (record.reason !== 'stepped-down') this.#givenUp.add(record.epoch);
      if (record.reason === 'died') this.#reportedDead.set(record.node, record);
      // Who stops leading says so, gives the lock up, and may not hear that it did.
      if (this.#newest?.record.epoch === record.epoch) this.#newest.hasResigned = true;
    }
  }

  finish(): void {
    const { processes, findings } = this.context;
    for (const { by, from, epoch, violate } of this.#takeovers) {
      // The next leader can hear that it leads before anybody hears that the lock was given up.
      if (this.#givenUp.has(epoch)) continue;
      if (processes.mayNotHaveWritten(from, by.time) === undefined) violate();
      else
        findings.undecided('I5', 'the leader before may have resigned and died before it wrote so', [
          by.record,
        ]);
    }
  }

  #gain(record: RecordOf<'leadership.gained'>, time: number, boot: string): void {
    const other = this.#leaders.get(record.epoch);
    if (other !== undefined && other.node !== record.node) {
      const message = `epoch ${record.epoch} has two leaders`;
      this.context.findings.violation('I5', message, [other, record]);
    }
    this.#leaders.set(record.epoch, record);
    const newest = this.#newest;
    if (newest !== undefined && compareEpochs(record.epoch, newest.record.epoch) <= 0) return;
    if (newest !== undefined) this.#judgeTakeover(newest, record, time, boot);
    this.#newest = { record, boot, alive: record, hasResigned: false };
  }

  #judgeTakeover(before: Term, record: RecordOf<'leadership.gained'>, time: number, boot: string): void {
    const { processes, findings } = this.context;
    if (before.hasResigned || before.boot !== boot) return;
    // Who fails between resigning and hearing of it has no record of it; and a Redis that was hurt forgets locks.
    const sinceUs = record.at - before.alive.sentAt;
    const wasHurt = processes.faults.some(
      (fault) =>
        fault.until >= time - sinceUs && ['redis', before.record.process].includes(fault.record.target),
    );
    const owner = processes.known.get(before.record.process);
    if (wasHurt || owner === undefined || owner.lastTime < time - sinceUs) return;
    const leaseUs = (processes.bounds?.shortestLeaseMs ?? 0) * 1_000;
    if (sinceUs >= leaseUs) return;
    const evidence = before.alive;
    const message = `${record.node} took the lock ${Math.round(sinceUs / 1_000)} ms after ${before.record.node} had shown life`;
    const violate = (): void => {
      findings.violation('I5', message, [evidence, record]);
    };
    const { process: from, epoch } = before.record;
    this.#takeovers.push({ by: { record, time, boot }, from, epoch, violate });
  }

  /** Who is dead writes nothing: a neighbour shares its clock, so that this one was alive when it was reported. */
  #judgeDeath(record: HistoryRecord): void {
    const { processes, findings } = this.context;
    const node = processes.known.get(record.process)?.node ?? '';
    const report = this.#reportedDead.get(node);
    if (report === undefined) return;
    const hasClock = processes.shareClock(report, record);
    if (hasClock && record.at <= report.at) return;
    this.#reportedDead.delete(node);
    const evidence = [report, record];
    if (hasClock) findings.violation('I5', `${node} was reported dead as it led, and lived on`, evidence);
    else findings.undecided('I5', noCommonClock, evidence);
  }

  #accept(record: Accepted, boot: string): void {
    const newest = this.#newest;
    if (newest === undefined) return;
    const { epoch } = newest.record;
    if (record.type === 'leadership.renewed' && record.epoch === epoch) newest.alive = record;
    if (compareEpochs(record.epoch, epoch) >= 0) return;
    const evidence = [newest.record, record];
    if (newest.boot !== boot) {
      this.context.findings.undecided('I5', 'the two leaders have no clock in common', evidence);
    } else if (record.sentAt > newest.record.at) {
      const message = `a script of epoch ${record.epoch} was accepted after epoch ${epoch} had begun`;
      this.context.findings.violation('I5', message, evidence);
    }
  }
}

function isAccepted(record: HistoryRecord): record is Accepted {
  return (
    record.type === 'leadership.renewed' ||
    record.type === 'leader.acted' ||
    record.type === 'worker.recovered'
  );
}

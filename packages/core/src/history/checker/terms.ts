import type { HistoryRecord, RecordOf } from '../records.js';
import type { Check, CheckContext } from './check.js';
import { compareEpochs } from './epochs.js';
import type { Placed } from './merge-histories.js';

type Accepted = RecordOf<'leadership.renewed' | 'leader.acted' | 'worker.recovered'>;

/** I5 by what the leaders saw: an epoch has one leader, and nothing of an older epoch that was sent after a newer one was won
 * is accepted. */
export class Terms implements Check {
  readonly #leaders = new Map<string, RecordOf<'leadership.gained'>>();
  #newest: { readonly record: RecordOf<'leadership.gained'>; readonly boot: string } | undefined;

  constructor(private readonly context: CheckContext) {}

  see({ record, boot }: Placed): void {
    if (record.type === 'leadership.gained') this.#gain(record, boot);
    else if (isAccepted(record)) this.#accept(record, boot);
  }

  #gain(record: RecordOf<'leadership.gained'>, boot: string): void {
    const other = this.#leaders.get(record.epoch);
    if (other !== undefined && other.node !== record.node) {
      const message = `epoch ${record.epoch} has two leaders`;
      this.context.findings.violation('I5', message, [other, record]);
    }
    this.#leaders.set(record.epoch, record);
    const newest = this.#newest;
    if (newest === undefined || compareEpochs(record.epoch, newest.record.epoch) > 0)
      this.#newest = { record, boot };
  }

  #accept(record: Accepted, boot: string): void {
    const newest = this.#newest;
    if (newest === undefined || compareEpochs(record.epoch, newest.record.epoch) >= 0) return;
    const evidence = [newest.record, record];
    if (newest.boot !== boot) {
      this.context.findings.undecided('I5', 'the two leaders have no clock in common', evidence);
    } else if (record.sentAt > newest.record.at) {
      const message = `a script of epoch ${record.epoch} was accepted after epoch ${newest.record.epoch} had begun`;
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

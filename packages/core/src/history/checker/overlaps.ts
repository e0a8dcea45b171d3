import type { RecordOf } from '../records.js';
import type { Check, CheckContext } from './check.js';
import type { Placed } from './merge-histories.js';

interface Open {
  readonly start: RecordOf<'task.started'>;
  readonly time: number;
  readonly boot: string;
}

interface Candidate {
  readonly earlier: Open;
  readonly later: Open;
}

/**
 * I1 by what the handlers did: two of one tag at the same time. The scripts cannot prevent it once a process has frozen for
 * longer than its lease, so that each overlap must be explained by such a fault; one without is a violation.
 */
export class Overlaps implements Check {
  readonly #open = new Map<string, Open[]>();
  readonly #candidates: Candidate[] = [];

  constructor(private readonly context: CheckContext) {}

  see({ record, time, boot }: Placed): void {
    if (record.type === 'task.started') this.#start({ start: record, time, boot });
    if (record.type === 'task.ended') this.#end(record);
  }

  finish(): void {
    for (const candidate of this.#candidates) this.#judge(candidate);
  }

  #start(later: Open): void {
    const { tag } = later.start;
    if (tag === undefined) return;
    const open = this.#open.get(tag) ?? [];
    const { processes } = this.context;
    // Those of a dead process have ended with it.
    const alive = open.filter(({ start }) => (processes.goneAt(start.process) ?? Infinity) > later.time);
    if (alive.length >= processes.limitOf(tag)) {
      for (const earlier of alive) this.#candidates.push({ earlier, later });
    }
    this.#open.set(tag, [...alive, later]);
  }

  #end({ tag, process, worker, task, attempt }: RecordOf<'task.ended'>): void {
    const open = tag === undefined ? undefined : this.#open.get(tag);
    if (open === undefined || tag === undefined) return;
    const left = open.filter(
      ({ start }) =>
        start.process !== process ||
        start.worker !== worker ||
        start.task !== task ||
        start.attempt !== attempt,
    );
    if (left.length === 0) this.#open.delete(tag);
    else this.#open.set(tag, left);
  }

  #judge({ earlier, later }: Candidate): void {
    const { processes, findings } = this.context;
    const [before, after] = [earlier.start, later.start];
    const what = `tag ${String(before.tag)}: ${after.task} started while ${before.task} ran`;
    const fault =
      processes.faultLongerThan(
        processes.heartbeatTimeoutUs,
        before.process,
        earlier.time - processes.heartbeatTimeoutUs,
        later.time,
      ) ??
      // The one that was frozen may also be the one that starts late what others have run meanwhile.
      processes.faultLongerThan(
        processes.heartbeatTimeoutUs,
        after.process,
        earlier.time - processes.heartbeatTimeoutUs,
        later.time,
      );
    if (fault !== undefined) {
      findings.overlap(what, [before, after, fault.record]);
      return;
    }
    const owner = processes.known.get(before.process);
    if (owner !== undefined && owner.lastTime <= later.time && owner.closedAt === undefined) {
      findings.undecided('I1', 'the history of a process ends without saying why', [before, after]);
    } else if (earlier.boot !== later.boot) {
      findings.undecided('I1', 'the two processes have no clock in common', [before, after]);
    } else findings.violation('I1', `${what}, and no fault explains it`, [before, after]);
  }
}

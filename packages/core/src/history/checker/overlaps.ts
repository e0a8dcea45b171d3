import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import { AttemptPairs, type AttemptPair } from './attempt-pairs.js';
import type { Check, CheckContext } from './check.js';
import type { Placed } from './merge-histories.js';

const killedTooSoon = 'a process was killed before it wrote down what it did last';

interface Open {
  readonly start: RecordOf<'task.started'>;
  readonly time: number;
  readonly boot: string;
}

interface Candidate extends AttemptPair {
  readonly earlierAt: number;
  readonly laterAt: number;
  readonly haveOneClock: boolean;
}

/**
 * I1 by what the handlers did: two of one tag at the same time. The scripts cannot prevent it once a process has frozen for
 * longer than its lease, so that each overlap must be explained by such a fault; one without is a violation.
 */
export class Overlaps implements Check {
  readonly #open = new Map<string, Open[]>();
  readonly #candidates = new AttemptPairs<Candidate>();

  constructor(private readonly context: CheckContext) {}

  see({ record, time, boot }: Placed): void {
    if (record.type === 'task.started') this.#start({ start: record, time, boot });
    if (record.type === 'task.ended') this.#end(record);
  }

  seeEntry(entry: WitnessEntry): void {
    this.#candidates.seeEntry(entry);
  }

  finish(): void {
    for (const candidate of this.#candidates.all) this.#judge(candidate);
  }

  #start(later: Open): void {
    const { tag } = later.start;
    if (tag === undefined) return;
    const open = this.#open.get(tag) ?? [];
    const { processes } = this.context;
    // Those of a dead process have ended with it.
    const alive = open.filter(({ start }) => (processes.goneAt(start.process) ?? Infinity) > later.time);
    if (alive.length >= processes.limitOf(tag)) {
      for (const earlier of alive)
        this.#candidates.add({
          ...{ earlier: earlier.start, earlierAt: earlier.time },
          ...{ later: later.start, laterAt: later.time },
          haveOneClock: earlier.boot === later.boot,
        });
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

  #judge(candidate: Candidate): void {
    const { processes, findings } = this.context;
    const { earlier, later, earlierAt, laterAt, haveOneClock } = candidate;
    // What a process did last it may not have lived to write down.
    const silence = processes.mayNotHaveWritten(earlier.process, laterAt);
    if (processes.isSilentSince(earlier.process, laterAt) && this.#candidates.wereApart(candidate)) return;
    const what = `tag ${String(earlier.tag)}: ${later.task} started while ${earlier.task} ran`;
    const leaseUs = processes.heartbeatTimeoutUs;
    const fault =
      processes.faultLongerThan(leaseUs, earlier.process, earlierAt - leaseUs, laterAt) ??
      // The one that was frozen may also be the one that starts late what others have run meanwhile.
      processes.faultLongerThan(leaseUs, later.process, earlierAt - leaseUs, laterAt);
    const kill = processes.killOf(earlier.process);
    if (fault !== undefined) findings.overlap(what, [earlier, later, fault.record]);
    else if (silence === 'unknown')
      findings.undecided('I1', 'the history of a process ends without saying why', [earlier, later]);
    else if (silence === 'killed')
      findings.undecided('I1', killedTooSoon, [earlier, later, ...(kill ? [kill.record] : [])]);
    else if (!haveOneClock)
      findings.undecided('I1', 'the two processes have no clock in common', [earlier, later]);
    else findings.violation('I1', `${what}, and no fault explains it`, [earlier, later]);
  }
}

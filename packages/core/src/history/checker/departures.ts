import type { AttemptOutcome, RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { Placed } from './merge-histories.js';
import type { Processes } from './processes.js';

type Start = RecordOf<'task.started'>;

interface Leaving {
  /** Of when it was about to for the first time: what is asked again may have been accepted before. */
  readonly record: RecordOf<'task.leaving'>;
  readonly askedAt: number;
  /** Nobody has written down what came of it. */
  isOpen: boolean;
  refusedAt: number | undefined;
}

interface Departure {
  /** Delayed by whoever added it: its place is not that of its add. */
  startsLate: boolean;
  /** Given new attempts: it leaves with the one that failed, and whoever did that may have died before it wrote so. */
  isLoose: boolean;
  /** The attempts of such a task that ended without leaving: it went to the head of its tag. */
  readonly stayedIn: Set<number>;
  /** The attempts that ended so, and who says it. */
  readonly leftIn: Map<number, 'record' | 'witness'>;
  /** What attempts were about to do, and since when. */
  readonly leaving: Map<number, Leaving>;
}

/**
 * Tasks that have left the order of their tag: delayed, also by a retry in order "skip", waiting for children, given new attempts.
 * Whether one had left between two of its starts is decided by the attempts between them: what it does later says nothing of what
 * it has overtaken, and what it did before, nothing of what overtakes it: it has joined the order again when it starts.
 */
export class Departures {
  readonly #tasks = new Map<string, Departure>();

  /** The attempts in which tasks failed, as the witness has it. */
  readonly #failed = new Map<string, number>();

  constructor(private readonly processes: Processes) {}

  see({ record, time }: Placed): void {
    switch (record.type) {
      case 'task.requeued':
        this.#of(record.task).isLoose = this.#of(record.task).startsLate = true;
        break;
      case 'task.started':
        this.#tasks.get(record.task)?.stayedIn.delete(record.attempt);
        break;
      case 'task.leaving':
        this.#announce(record, time);
        break;
      case 'outcome.committed':
      case 'outcome.unknown':
      case 'outcome.refused':
        this.#settle(record, time);
        break;
      default:
    }
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'ended') {
      if (entry.outcome === 'delayed') this.#leavesIn(entry.id, Number(entry.attempt), 'witness');
      if (entry.outcome === 'failed') this.#failed.set(entry.id, Number(entry.attempt));
    }
    // Whoever did it may have no history; it is the attempt that had failed after which the task comes anew.
    if (entry.witness === 'requeued')
      this.#leavesIn(entry.id, this.#failed.get(entry.id) ?? Infinity, 'witness');
  }

  startsLate(task: string): void {
    this.#of(task).startsLate = true;
  }

  /** Whether the place of the first start that is known of its task may be another one than that of its add, by now. */
  maySkipBefore(first: Start): boolean {
    const { startsLate = false, isLoose = false } = this.#tasks.get(first.task) ?? {};
    return startsLate || (isLoose && first.attempt > 1) || this.leftBetween(0, first) !== false;
  }

  /** Whether its task may leave, by now, without a record that says so. */
  isLoose({ task }: Start): boolean {
    return this.#tasks.get(task)?.isLoose ?? false;
  }

  /** Whether each attempt of such a task, from a certain one on until this start, ended without leaving. */
  stayedBetween(from: number, { task, attempt }: Start): boolean {
    const { stayedIn } = this.#of(task);
    for (let one = from; one < attempt; one += 1) if (!stayedIn.has(one)) return false;
    return true;
  }

  /** Whether an earlier attempt of its task left, from a certain one on; undefined where no clock says whether it had by then. */
  leftBetween(from: number, start: Start): boolean | undefined {
    const { leftIn = [], leaving } = this.#tasks.get(start.task) ?? {};
    let hasLeft: boolean | undefined = false;
    for (const [one, says] of leftIn) {
      if (one < from || one >= start.attempt) continue;
      const announced = leaving?.get(one)?.record;
      if (announced === undefined || this.#isBefore(announced, start, says === 'witness')) return true;
      if (!this.processes.shareClock(announced, start)) hasLeft = undefined;
    }
    return hasLeft;
  }

  /** Whether one of them was about to, and nobody wrote down what came of it, or what was written may be about a second try. */
  mayHaveLeftBetween(from: number, start: Start): boolean {
    const leaving = [...(this.#tasks.get(start.task)?.leaving.values() ?? [])];
    return leaving.some(
      (one) =>
        from <= one.record.attempt &&
        one.record.attempt < start.attempt &&
        this.#isBefore(one.record, start, true) &&
        this.#mayHaveLeft(one),
    );
  }

  #mayHaveLeft({ record, askedAt, isOpen, refusedAt }: Leaving): boolean {
    const { processes } = this;
    if (isOpen) return processes.mayNotHaveHeard(record.process, askedAt);
    // What a connection lost is sent again: it may be that the first time was accepted, and its reply lost.
    return refusedAt !== undefined && processes.wasDisturbed(record.process, askedAt, refusedAt);
  }

  /** @param otherwise - what is assumed of two machines */
  #isBefore(leaving: Leaving['record'], start: Start, otherwise: boolean): boolean {
    return this.processes.shareClock(leaving, start) ? leaving.at < start.at : otherwise;
  }

  #announce(record: RecordOf<'task.leaving'>, time: number): void {
    const { leaving } = this.#of(record.task);
    const first = leaving.get(record.attempt)?.record ?? record;
    leaving.set(record.attempt, { record: first, askedAt: time, isOpen: true, refusedAt: undefined });
  }

  #settle(record: RecordOf<'outcome.committed' | 'outcome.unknown' | 'outcome.refused'>, time: number): void {
    const leaving = this.#tasks.get(record.task)?.leaving.get(record.attempt);
    const isRefused = record.type === 'outcome.refused';
    if (leaving !== undefined) {
      leaving.isOpen = false;
      leaving.refusedAt = isRefused ? time : undefined;
    }
    if (record.outcome === 'delayed' && !isRefused) this.#leavesIn(record.task, record.attempt, 'record');
    if (record.type === 'outcome.committed' && hasStayed(record.outcome))
      this.#stays(record.task, record.attempt);
  }

  #stays(task: string, attempt: number): void {
    const departure = this.#tasks.get(task);
    if (departure?.isLoose === true) departure.stayedIn.add(attempt);
  }

  #leavesIn(task: string, attempt: number, says: 'record' | 'witness'): void {
    this.#of(task).leftIn.set(attempt, says);
  }

  #of(task: string): Departure {
    let departure = this.#tasks.get(task);
    if (departure === undefined) {
      departure = {
        startsLate: false,
        isLoose: false,
        leftIn: new Map(),
        stayedIn: new Set(),
        leaving: new Map(),
      };
      this.#tasks.set(task, departure);
    }
    return departure;
  }
}

/** Whether a task is at the head of its tag again after an attempt that ended so. */
function hasStayed(outcome: AttemptOutcome): boolean {
  return outcome === 'retried' || outcome === 'given-back';
}

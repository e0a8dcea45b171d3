import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { Placed } from './merge-histories.js';
import type { Processes } from './processes.js';

type Start = RecordOf<'task.started'>;

interface Leaving {
  readonly record: RecordOf<'task.leaving'>;
  readonly time: number;
  isOpen: boolean;
}

interface Departure {
  /** By whoever added it, or gave it new attempts: it has left from then on. */
  hasLeft: boolean;
  /** The first attempt that ended so. */
  leftIn: number;
  /** What attempts were about to do, and since when. */
  readonly leaving: Map<number, Leaving>;
}

/**
 * Tasks that have left the order of their tag: delayed, retried in order "skip", waiting for children, given new attempts. Whether
 * one had left before a start is decided by the attempts before it: what it does later says nothing of what it has overtaken.
 */
export class Departures {
  readonly #tasks = new Map<string, Departure>();

  /** The attempts in which tasks failed, as the witness has it. */
  readonly #failed = new Map<string, number>();

  constructor(private readonly processes: Processes) {}

  see({ record, time }: Placed): void {
    switch (record.type) {
      case 'task.requeued':
        this.leaves(record.task);
        break;
      case 'task.leaving':
        this.#of(record.task).leaving.set(record.attempt, { record, time, isOpen: true });
        break;
      case 'outcome.committed':
      case 'outcome.unknown':
      case 'outcome.refused':
        this.#settle(record);
        break;
      default:
    }
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'ended') {
      if (entry.outcome === 'delayed') this.#leavesIn(entry.id, Number(entry.attempt));
      if (entry.outcome === 'failed') this.#failed.set(entry.id, Number(entry.attempt));
    }
    // Whoever did it may have no history; it is the attempt that had failed after which the task comes anew.
    if (entry.witness === 'requeued') this.#leavesIn(entry.id, this.#failed.get(entry.id) ?? Infinity);
  }

  leaves(task: string): void {
    this.#of(task).hasLeft = true;
  }

  /** Whether its task has left by now, whatever its attempts came to. */
  hasLeft(start: Start): boolean {
    return (this.#tasks.get(start.task)?.hasLeft ?? false) || this.leftBefore(start);
  }

  /** Whether an earlier attempt of its task left. */
  leftBefore({ task, attempt, at }: Start): boolean {
    const { leftIn = Infinity, leaving } = this.#tasks.get(task) ?? {};
    const announced = leaving?.get(leftIn)?.record;
    return leftIn < attempt && (announced === undefined || announced.at < at);
  }

  /** Whether an earlier one was about to, and its worker did not live to write down what came of it. */
  mayHaveLeftBefore({ task, attempt, at }: Start): boolean {
    const leaving = [...(this.#tasks.get(task)?.leaving.values() ?? [])];
    return leaving.some(
      ({ record, time, isOpen }) =>
        isOpen &&
        record.attempt < attempt &&
        record.at < at &&
        this.processes.mayNotHaveHeard(record.process, time),
    );
  }

  #settle(record: RecordOf<'outcome.committed' | 'outcome.unknown' | 'outcome.refused'>): void {
    const leaving = this.#tasks.get(record.task)?.leaving.get(record.attempt);
    if (leaving !== undefined) leaving.isOpen = false;
    if (record.outcome === 'delayed' && record.type !== 'outcome.refused')
      this.#leavesIn(record.task, record.attempt);
  }

  #leavesIn(task: string, attempt: number): void {
    const departure = this.#of(task);
    departure.leftIn = Math.min(departure.leftIn, attempt);
  }

  #of(task: string): Departure {
    let departure = this.#tasks.get(task);
    if (departure === undefined) {
      departure = { hasLeft: false, leftIn: Infinity, leaving: new Map() };
      this.#tasks.set(task, departure);
    }
    return departure;
  }
}

import type { HistoryRecord } from '../records.js';
import type { WitnessEntry } from '../witness.js';

/** Tasks that have left the order of their tag: delayed, retried in order "skip", waiting for children, given new attempts. */
export class Departures {
  readonly #left = new Set<string>();
  /** Attempts that were about to leave, and whose outcome is open. */
  readonly #leaving = new Map<string, Set<number>>();

  see(record: HistoryRecord): void {
    switch (record.type) {
      case 'task.requeued':
        this.leaves(record.task);
        break;
      case 'task.leaving':
        this.#leaving.set(record.task, (this.#leaving.get(record.task) ?? new Set()).add(record.attempt));
        break;
      case 'outcome.committed':
      case 'outcome.unknown':
      case 'outcome.refused':
        this.#settle(record.task, record.attempt);
        if (record.outcome === 'delayed' && record.type !== 'outcome.refused') this.leaves(record.task);
        break;
      default:
    }
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'ended' && entry.outcome === 'delayed') this.leaves(entry.id);
  }

  leaves(task: string): void {
    this.#left.add(task);
  }

  hasLeft(task: string): boolean {
    return this.#left.has(task);
  }

  /** Its worker was about to tell Redis, and did not live to write down what came of it. */
  mayHaveLeft(task: string): boolean {
    return this.#leaving.has(task);
  }

  #settle(task: string, attempt: number): void {
    const attempts = this.#leaving.get(task);
    attempts?.delete(attempt);
    if (attempts?.size === 0) this.#leaving.delete(task);
  }
}

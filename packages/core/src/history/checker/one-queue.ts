import type { HistoryRecord } from '../records.js';

/** Picks the records of one queue: of the one that is named, or of the only one that there is. */
export class OneQueue {
  #only: string | undefined;

  constructor(private readonly named: string | undefined) {
    this.#only = named;
  }

  /**
   * Whether a record is about it, or about a process.
   *
   * @throws when the records are about several queues and none is named
   */
  has({ queue }: HistoryRecord): boolean {
    if (queue === undefined) return true;
    this.#only ??= queue;
    if (queue === this.#only) return true;
    if (this.named !== undefined) return false;
    throw new Error(`The history is about ${this.#only} and ${queue}: name one`);
  }
}

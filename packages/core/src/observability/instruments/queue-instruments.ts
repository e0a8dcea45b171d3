import type { AttemptOutcome, Instruments, WatchedAttempt } from '../instruments.interface.js';
import { outcomeOf } from './attempt-outcome.js';

/** Somebody who watches a queue in this instance. */
export interface InstrumentListener {
  attemptBegan(attempt: WatchedAttempt): void;
  attemptEnded(attempt: WatchedAttempt, outcome: AttemptOutcome, durationMs: number): void;
  dispatched(durationMs: number): void;
  beat(delayMs: number): void;
  recovered(tasks: number): void;
}

/** Goes around an attempt, and knows nothing of its outcome; for traces. */
export type AttemptWrapper = <T>(attempt: WatchedAttempt, run: () => Promise<T>) => Promise<T>;

/** Passes what the services of one queue say on to whoever listens; costs next to nothing while nobody does. */
export class QueueInstruments implements Instruments {
  readonly #listeners = new Set<InstrumentListener>();

  /** @param wrap - for traces */
  constructor(private readonly wrap?: AttemptWrapper) {}

  /** Listens until the returned function is called. */
  attach(listener: InstrumentListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get watchesAttempts(): boolean {
    return this.#listeners.size > 0 || this.wrap !== undefined;
  }

  attempt<T>(attempt: WatchedAttempt, run: () => Promise<T>): Promise<T> {
    const watched = this.#listeners.size === 0 ? run : () => this.#watch(attempt, run);
    return this.wrap === undefined ? watched() : this.wrap(attempt, watched);
  }

  dispatched(durationMs: number): void {
    for (const listener of this.#listeners) listener.dispatched(durationMs);
  }

  beat(delayMs: number): void {
    for (const listener of this.#listeners) listener.beat(delayMs);
  }

  recovered(tasks: number): void {
    for (const listener of this.#listeners) listener.recovered(tasks);
  }

  async #watch<T>(attempt: WatchedAttempt, run: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    for (const listener of this.#listeners) listener.attemptBegan(attempt);
    const end = (outcome: AttemptOutcome): void => {
      const durationMs = performance.now() - startedAt;
      for (const listener of this.#listeners) listener.attemptEnded(attempt, outcome, durationMs);
    };
    try {
      const result = await run();
      end(outcomeOf(attempt));
      return result;
    } catch (error) {
      end(outcomeOf(attempt, { error }));
      throw error;
    }
  }
}

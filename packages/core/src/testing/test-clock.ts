import { ManualClock } from '../domain/clock.js';

interface Alarm {
  readonly dueMs: number;
  readonly ring: () => void;
}

/**
 * The time of the queues in a test. It stands still until it is told to go on.
 *
 * @publicApi
 */
export class TestClock extends ManualClock {
  readonly #alarms = new Set<Alarm>();
  readonly #listeners = new Set<() => void>();

  /** The time, in milliseconds since the epoch. */
  override nowMs(): number {
    return super.nowMs();
  }

  /**
   * Lets so many milliseconds pass: time limits end on the way, in their order, and what is due afterwards can run.
   *
   * @throws RangeError when told to go back
   */
  override advance(byMs: number): void {
    const endMs = this.nowMs() + byMs;
    for (let alarm = this.#next(endMs); alarm !== undefined; alarm = this.#next(endMs)) {
      this.#alarms.delete(alarm);
      super.advance(Math.max(0, alarm.dueMs - this.nowMs()));
      alarm.ring();
    }
    super.advance(byMs === 0 ? 0 : endMs - this.nowMs());
    for (const listener of this.#listeners) listener();
  }

  /** @internal Calls `ring` once when so much time has passed; returns what calls it off. */
  after(ms: number, ring: () => void): () => void {
    const alarm = { dueMs: this.nowMs() + ms, ring };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** @internal Calls `listener` whenever time has passed; returns what ends that. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #next(endMs: number): Alarm | undefined {
    const due = [...this.#alarms].filter(({ dueMs }) => dueMs <= endMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

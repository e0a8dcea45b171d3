/** Below this mean duration a worker is given its next batch in advance. */
const shortTaskMs = 20;
/** Weight of the latest task in the mean. */
const meanWeight = 0.2;

/** How long the tasks of a worker take, by the clock of the test. */
export class TaskDuration {
  #meanMs = Number.POSITIVE_INFINITY;

  note(ms: number): void {
    this.#meanMs = Number.isFinite(this.#meanMs) ? this.#meanMs + meanWeight * (ms - this.#meanMs) : ms;
  }

  get isShort(): boolean {
    return this.#meanMs < shortTaskMs;
  }
}

/** Below this mean duration a worker is given its next batch in advance. */
const shortTaskMs = 20;
/** Weight of the latest task. */
const weight = 0.2;

/** How long a worker's tasks take of late. */
export class MeanDuration {
  #meanMs: number | undefined;

  add(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + weight * (ms - this.#meanMs);
  }

  /** Whether they are short; `false` until one has been seen. */
  get isShort(): boolean {
    return this.#meanMs !== undefined && this.#meanMs < shortTaskMs;
  }
}

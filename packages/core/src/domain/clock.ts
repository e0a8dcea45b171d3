import { performance } from 'node:perf_hooks';

/**
 * A monotonic clock. Leases and liveness are decided by it alone, so that a jump of the wall clock neither ends nor
 * prolongs one. Its zero is arbitrary: compare readings of one clock with each other only.
 */
export interface Clock {
  /** Milliseconds since some moment in the past, with fractions; never decreases. */
  nowMs(): number;
}

/** The monotonic clock of this process. */
export const systemClock: Clock = Object.freeze({ nowMs: () => performance.now() });

/** A clock that moves only when told to; for tests. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** @throws RangeError when told to go back */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`A monotonic clock cannot advance by ${byMs} ms`);
    this.#nowMs += byMs;
  }
}

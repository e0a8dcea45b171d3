/**
 * How much slower a holder's clock may run than the one that expires its lease, as a share of the lease. Crystal
 * clocks differ by 0.01 % or so; the rest is for virtual machines.
 */
export const defaultDriftMargin = 0.01;

/**
 * When the trust of a renewal ends: the lease can have expired `ttlMs` after Redis processed the renewal, which was
 * not before it was SENT. Measured on the holder's clock, less the drift margin.
 */
export function trustEndsAtMs(sentAtMs: number, ttlMs: number, driftMargin = defaultDriftMargin): number {
  return sentAtMs + ttlMs * (1 - driftMargin);
}

/**
 * How long the holder of a lease may act on it, by its own monotonic clock. Closed until the first renewal.
 *
 * Redis may still hold the lease after the window closed; it never ends a lease before that, as long as the clocks
 * drift apart by less than the margin.
 */
export class TrustWindow {
  #endsAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  /**
   * @param ttlMs - life of the lease in Redis
   * @param driftMargin - share of it that is given up for drifting clocks, 0 or more and below 1
   */
  constructor(
    readonly ttlMs: number,
    readonly driftMargin = defaultDriftMargin,
  ) {
    if (!(ttlMs > 0 && Number.isFinite(ttlMs))) throw new RangeError(`A lease cannot live ${ttlMs} ms`);
    if (!(driftMargin >= 0 && driftMargin < 1)) throw new RangeError(`Drift margin ${driftMargin}`);
  }

  /**
   * A renewal succeeded. Replies can arrive out of order: an older renewal never shortens the window.
   *
   * @param sentAtMs - reading of the clock from BEFORE the renewal was sent
   */
  renewed(sentAtMs: number): void {
    this.#endsAtMs = Math.max(this.#endsAtMs, trustEndsAtMs(sentAtMs, this.ttlMs, this.driftMargin));
  }

  /**
   * The lease is known to be gone. Closes for good, so that a late reply cannot open the window again; the next
   * lease has a window of its own.
   */
  close(): void {
    this.#closed = true;
  }

  /** Whether the holder may still act. */
  isOpen(nowMs: number): boolean {
    return this.remainingMs(nowMs) > 0;
  }

  /** Time left, 0 when closed. */
  remainingMs(nowMs: number): number {
    return this.#closed ? 0 : Math.max(0, this.#endsAtMs - nowMs);
  }
}

const firstPauseMs = 500;
const longestPauseMs = 60_000;

/** When to try again what failed: after a pause that doubles with every failure, by the monotonic clock. */
export class RetrySchedule {
  readonly #failed = new Map<string, { readonly pauseMs: number; readonly dueAtMs: number }>();

  /** What failed and has not succeeded since. */
  get failed(): readonly string[] {
    return [...this.#failed.keys()];
  }

  isDue(id: string, nowMs: number): boolean {
    return (this.#failed.get(id)?.dueAtMs ?? nowMs) <= nowMs;
  }

  /** Infinite where nothing failed. */
  msUntilDue(nowMs: number): number {
    const dueAt = [...this.#failed.values()].map(({ dueAtMs }) => dueAtMs);
    return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...dueAt) - nowMs);
  }

  noteFailure(id: string, nowMs: number): void {
    const before = this.#failed.get(id);
    const pauseMs = before === undefined ? firstPauseMs : Math.min(2 * before.pauseMs, longestPauseMs);
    this.#failed.set(id, { pauseMs, dueAtMs: nowMs + pauseMs });
  }

  noteSuccess(id: string): void {
    this.#failed.delete(id);
  }
}

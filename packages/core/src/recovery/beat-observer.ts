/** In the place of a counter: a neighbour has seen that the worker's process is dead. */
export const processDied = '-1';

export interface SilentWorker {
  readonly workerId: string;
  /** The counter that has not changed. */
  readonly beat: string;
  /** For how long, as far as the observer has seen. */
  readonly silentMs: number;
}

/** Remembers since when each worker's heartbeat counter has stood still, by the observer's own monotonic clock. */
export class BeatObserver {
  #seen = new Map<string, { readonly beat: string; readonly since: number }>();

  constructor(private readonly timeoutMs: number) {}

  /** Whether there are workers that were not there when it last looked. */
  hasNew(beats: Readonly<Record<string, string>>): boolean {
    return Object.keys(beats).some((workerId) => !this.#seen.has(workerId));
  }

  /** @returns the workers that have been silent for the timeout, or whose process is dead */
  observe(beats: Readonly<Record<string, string>>, nowMs: number): SilentWorker[] {
    const seen = new Map<string, { readonly beat: string; readonly since: number }>();
    const silent: SilentWorker[] = [];
    for (const [workerId, beat] of Object.entries(beats)) {
      const before = this.#seen.get(workerId);
      const since = before?.beat === beat ? before.since : nowMs;
      seen.set(workerId, { beat, since });
      const silentMs = nowMs - since;
      if (silentMs >= this.timeoutMs || beat === processDied) silent.push({ workerId, beat, silentMs });
    }
    this.#seen = seen;
    return silent;
  }

  /** Time until the next worker can have been silent for the timeout; those that have been already do not count. */
  msUntilSilent(nowMs: number): number {
    const left = [...this.#seen.values()]
      .filter(({ beat }) => beat !== processDied)
      .map(({ since }) => since + this.timeoutMs - nowMs)
      .filter((ms) => ms > 0);
    return Math.min(Number.POSITIVE_INFINITY, ...left);
  }
}

import type { ResolvedQueueOptions } from '../options/resolved-options.js';

export interface LockSighting {
  readonly lockValue: string;
  /** PTTL; -1: the lock does not expire. */
  readonly ttlMs: number;
  /** The leader's info, which changes with every heartbeat. */
  readonly info: string;
}

/**
 * What a follower has seen of the leader, by its own monotonic clock. A leader whose heartbeat has not changed for the
 * heartbeat timeout is taken over even if its lock still lasts (Redis' wall clock may have been set back); one whose lock
 * does not expire at all, after a lock TTL.
 */
export class ObservedLock {
  #last: (LockSighting & { readonly since: number }) | undefined;

  constructor(
    private readonly options: Pick<ResolvedQueueOptions, 'electionLockTtlMs' | 'heartbeatTimeoutMs'>,
  ) {}

  see(sighting: LockSighting, nowMs: number): void {
    const last = this.#last;
    const unchanged = last?.lockValue === sighting.lockValue && last.info === sighting.info;
    this.#last = { ...sighting, since: unchanged ? last.since : nowMs };
  }

  forget(): void {
    this.#last = undefined;
  }

  msUntilSuperseded(nowMs: number): number {
    if (this.#last === undefined) return Number.POSITIVE_INFINITY;
    const { electionLockTtlMs, heartbeatTimeoutMs } = this.options;
    const patience =
      this.#last.ttlMs === -1 ? Math.min(electionLockTtlMs, heartbeatTimeoutMs) : heartbeatTimeoutMs;
    return Math.max(0, this.#last.since + patience - nowMs);
  }

  /** What was seen of a leader that may be superseded now, provided that it has shown no life since. */
  lifeless(nowMs: number): LockSighting | undefined {
    return this.msUntilSuperseded(nowMs) === 0 ? this.#last : undefined;
  }
}

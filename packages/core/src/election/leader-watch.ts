import type { Clock } from '../domain/clock.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';

const noLock = -2;

/** Notices, in any instance that sends heartbeats, that a queue has had no leader for a whole lock TTL. */
export class LeaderWatch {
  #missingSince: number | undefined;
  #reported = false;

  constructor(
    private readonly context: QueueContext,
    private readonly log: QueueLog,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Whether there has been no leader for a lock TTL. */
  get isLeaderless(): boolean {
    return this.#reported;
  }

  /** @param ttlMs - PTTL of the election lock */
  lockSeen(ttlMs: number): void {
    const now = this.clock.nowMs();
    if (ttlMs !== noLock) {
      this.#missingSince = undefined;
      this.#reported = false;
      return;
    }
    this.#missingSince ??= now;
    const forMs = now - this.#missingSince;
    if (this.#reported || forMs < this.context.options.electionLockTtlMs) return;
    this.#reported = true;
    this.log.warn('leaderless', { queue: this.context.options.pendingQueueName, forMs: Math.round(forMs) });
    this.context.scripts.run('reportLeaderless', { caller: this.context.nodeId }).catch(this.onError);
  }
}

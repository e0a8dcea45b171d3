import type { Clock } from '../domain/clock.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { parseLeaderInfo } from './leader-info.js';

const noLock = -2;

/** Notices, in any instance that sends heartbeats, that a queue has had no leader for a whole lock TTL. */
export class LeaderWatch {
  #missingSince: number | undefined;
  #leaderless = false;

  constructor(
    private readonly context: QueueContext,
    private readonly log: QueueLog,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Whether there has been no leader for a lock TTL. */
  get isLeaderless(): boolean {
    return this.#leaderless;
  }

  /** @param ttlMs - PTTL of the election lock */
  lockSeen(ttlMs: number): void {
    if (ttlMs === noLock) this.#missing(this.clock.nowMs());
    else this.#present();
  }

  #missing(nowMs: number): void {
    this.#missingSince ??= nowMs;
    const forMs = nowMs - this.#missingSince;
    if (forMs < this.context.options.electionLockTtlMs) return;
    if (!this.#leaderless) {
      this.#leaderless = true;
      this.log.warn('leaderless', { queue: this.context.options.pendingQueueName, forMs: Math.round(forMs) });
    }
    // Redis remembers whether it was told already: by another instance, and of this outage.
    this.context.scripts.run('reportLeaderless', { caller: this.context.nodeId }).catch(this.onError);
  }

  #present(): void {
    this.#missingSince = undefined;
    if (this.#leaderless) this.#sayLeader().catch(this.onError);
    this.#leaderless = false;
  }

  async #sayLeader(): Promise<void> {
    const { hub, keys, options } = this.context;
    const leader = parseLeaderInfo(await hub.commands.get(keys.leaderInfo));
    if (leader) this.log.info('leaderFound', { queue: options.pendingQueueName, nodeId: leader.nodeId });
  }
}

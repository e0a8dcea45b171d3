import { hostname } from 'node:os';
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { roleSchedules } from '../../domain/roles.js';
import type { ElectionService } from '../../election/election-service.js';
import type { LeaderInfo } from '../../election/leader-info.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import type { PublicPart } from './public-part.js';

/** {@link ElectionService} where there is no other instance: whoever stands wins. */
export class InMemoryElectionService implements PublicPart<ElectionService, 'addRunner'> {
  readonly leadership$: Observable<boolean>;
  readonly #leads = new BehaviorSubject(false);
  #leader: LeaderInfo | null = null;
  #epoch = 0;

  constructor(
    private readonly engine: QueueEngine,
    private readonly options: ResolvedQueueOptions,
    readonly nodeId: string,
  ) {
    this.leadership$ = this.#leads.pipe(distinctUntilChanged());
  }

  get isCandidate(): boolean {
    return roleSchedules(this.options.role);
  }

  isLeader(): boolean {
    return this.#leader !== null;
  }

  async getLeader(): Promise<LeaderInfo | null> {
    return this.#leader;
  }

  /** Nobody else takes over: this instance leads again at once, in a new epoch. */
  async resign(): Promise<void> {
    if (!this.isLeader()) return;
    await this.stop();
    this.start();
  }

  start(): void {
    if (!this.isCandidate || this.isLeader()) return;
    const { nodeId } = this;
    const startTime = this.engine.nowMs;
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(startTime) * 1_000);
    const epoch = this.#epoch;
    const about = { nodeId, hostname: hostname(), processId: process.pid, epoch, startTime };
    this.#leader = Object.freeze({ ...about, lastHeartbeat: startTime, heartbeats: 0 });
    this.engine.change(({ events }) => events.push({ type: 'leaderChanged', nodeId, epoch }));
    this.#leads.next(true);
  }

  async stop(): Promise<void> {
    this.#leader = null;
    this.#leads.next(false);
  }
}

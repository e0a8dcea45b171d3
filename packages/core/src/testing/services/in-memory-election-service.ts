import { hostname } from 'node:os';
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { roleSchedules, roleWorks } from '../../domain/roles.js';
import type { ElectionService } from '../../election/election-service.js';
import type { LeaderInfo } from '../../election/leader-info.js';
import { QueueClosedError } from '../../errors/errors.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import type { TestClock } from '../test-clock.js';
import type { PublicPart } from './public-part.js';

/** {@link ElectionService} where there is no other instance: whoever stands wins. */
export class InMemoryElectionService implements PublicPart<ElectionService, 'addRunner'> {
  readonly leadership$: Observable<boolean>;
  readonly #leads = new BehaviorSubject(false);
  #leader: LeaderInfo | null = null;
  #epoch = 0;
  #started = false;
  #withdrawn = false;
  #closed = false;
  #isLeaderless = false;
  #callOffAbsence = (): void => undefined;

  constructor(
    private readonly engine: QueueEngine,
    private readonly options: ResolvedQueueOptions,
    private readonly clock: TestClock,
    readonly nodeId: string,
  ) {
    this.leadership$ = this.#leads.pipe(distinctUntilChanged());
  }

  get isCandidate(): boolean {
    return roleSchedules(this.options.role);
  }

  get isLeaderless(): boolean {
    return this.#isLeaderless;
  }

  isLeader(): boolean {
    return this.#leader !== null;
  }

  async getLeader(): Promise<LeaderInfo | null> {
    this.#assertOpen();
    return this.#leader;
  }

  /** Nobody else takes over: this instance leads again at once, in a new epoch. */
  async resign(): Promise<void> {
    if (!this.isLeader()) return;
    this.#stepDown();
    this.#settle();
  }

  /** The leader can only be this instance, and it leads again at once. */
  async requestResignation(leader?: Pick<LeaderInfo, 'nodeId' | 'epoch'>): Promise<string | null> {
    this.#assertOpen();
    if (this.#leader === null) return null;
    const { nodeId, epoch } = this.#leader;
    if (leader !== undefined && (leader.nodeId !== nodeId || leader.epoch !== epoch)) return null;
    await this.resign();
    return nodeId;
  }

  start(): void {
    this.#assertOpen();
    this.#started = true;
    this.#settle();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#settle();
  }

  withdraw(): void {
    this.#withdrawn = true;
    this.#settle();
  }

  restore(): void {
    this.#withdrawn = false;
    this.#settle();
  }

  close(): void {
    this.#closed = true;
    this.#callOffAbsence();
  }

  #settle(): void {
    const stands = this.#started && !this.#withdrawn && this.isCandidate;
    if (stands && !this.isLeader()) this.#lead();
    if (!stands && this.isLeader()) this.#stepDown();
    if (!this.isLeader()) this.#awaitLeader();
  }

  #lead(): void {
    const { nodeId } = this;
    const startTime = this.engine.nowMs;
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(startTime) * 1_000);
    const epoch = this.#epoch;
    const about = { nodeId, hostname: hostname(), processId: process.pid, epoch, startTime };
    this.#leader = Object.freeze({ ...about, lastHeartbeat: startTime, heartbeats: 0 });
    this.#callOffAbsence();
    this.#isLeaderless = false;
    this.engine.change(({ events }) => events.push({ type: 'leaderChanged', nodeId, epoch }));
    this.#leads.next(true);
  }

  #stepDown(): void {
    this.#leader = null;
    this.#leads.next(false);
  }

  /** Workers notice when there is no leader for a whole lock TTL. */
  #awaitLeader(): void {
    this.#callOffAbsence();
    if (this.#closed || this.#isLeaderless || !roleWorks(this.options.role)) return;
    this.#callOffAbsence = this.clock.after(this.options.electionLockTtlMs, () => {
      this.#isLeaderless = true;
      this.engine.change(({ events }) => events.push({ type: 'leaderless', nodeId: this.nodeId }));
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new QueueClosedError({ queueName: this.options.pendingQueueName });
  }
}

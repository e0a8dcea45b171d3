import { distinctUntilChanged, BehaviorSubject, type Observable } from 'rxjs';
import { systemClock, type Clock } from '../domain/clock.js';
import { nodeIdOf } from '../domain/lock-value.js';
import { QueueClosedError, StaleLeaderError } from '../errors/errors.js';
import { noNeighbours, type NeighbourSightings } from '../neighbours/neighbours.interface.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { asTypedError } from '../redis/script-runner.js';
import { ElectionScripts, type Candidacy } from './election-scripts.js';
import { parseLeaderInfo, type LeaderInfo } from './leader-info.js';
import type { LeaderWatch } from './leader-watch.js';
import type { RevocableCandidacy, TermRunner } from './leadership.interface.js';
import { ObservedLock } from './observed-lock.js';
import { Term, type TermEnd } from './term.js';

export interface ElectionServiceDependencies {
  readonly context: QueueContext;
  readonly leaderWatch: Pick<LeaderWatch, 'isLeaderless'>;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly clock?: Clock;
  readonly neighbours?: NeighbourSightings;
}

/** Who gave the lock up lets the others go first. */
const othersFirstMs = 1_000;
const retryMs = 500;
/** Redis expires keys lazily; a candidate that comes this much later finds the lock gone. */
const expirySlackMs = 20;
const longestSleepMs = 5_000;

/**
 * Elects the one leader of a queue among all instances that may schedule. The protocol is described in ELECTION.md.
 *
 * @publicApi
 */
export class ElectionService implements RevocableCandidacy {
  readonly nodeId: string;
  /** Whether this instance leads; emits the present state first and then every change. */
  readonly leadership$: Observable<boolean>;

  readonly #leads = new BehaviorSubject(false);
  readonly #context: QueueContext;
  readonly #leaderWatch: Pick<LeaderWatch, 'isLeaderless'>;
  readonly #log: QueueLog;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #neighbours: NeighbourSightings;
  readonly #scripts: ElectionScripts;
  readonly #observed: ObservedLock;
  readonly #runners: TermRunner[] = [];
  #term: Term | undefined;
  /** Resolves once the lock of the present term has been given up, or is known to be lost. */
  #handedOver: Promise<void> | undefined;
  #started = false;
  #withdrawn = false;
  /** Present while this instance stands for election; aborted when it is to stand no more. */
  #standing: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #closed = false;
  #wakeUp: (() => void) | undefined;
  #saidFollower = false;

  /** @internal */
  constructor({
    context,
    leaderWatch,
    log,
    onError,
    clock = systemClock,
    neighbours = noNeighbours,
  }: ElectionServiceDependencies) {
    this.#neighbours = neighbours;
    this.#context = context;
    this.#leaderWatch = leaderWatch;
    this.#log = log;
    this.#onError = onError;
    this.#clock = clock;
    this.nodeId = context.nodeId;
    this.#scripts = new ElectionScripts(context);
    this.#observed = new ObservedLock(context.options);
    this.leadership$ = this.#leads.pipe(distinctUntilChanged());
  }

  /** @internal What the leader does; added before `start`. */
  addRunner(runner: TermRunner): void {
    this.#runners.push(runner);
  }

  /** Whether this instance may become leader: role SCHEDULER or BOTH. */
  get isCandidate(): boolean {
    const { role } = this.#context.options;
    return role === 'SCHEDULER' || role === 'BOTH';
  }

  /** Whether this instance leads and may act on it by its own clock. */
  isLeader(): boolean {
    return this.#term?.isOpen ?? false;
  }

  /**
   * Whether there has been no leader for a whole lock TTL, so that nothing is assigned. Noticed by the heartbeats of workers:
   * always `false` in an instance without them.
   */
  get isLeaderless(): boolean {
    return this.#leaderWatch.isLeaderless;
  }

  /**
   * The present leader, as Redis knows it; `null` while there is none.
   *
   * @throws {@link CommandTimeoutError}, {@link QueueClosedError}
   */
  async getLeader(): Promise<LeaderInfo | null> {
    this.#assertOpen();
    const [lockValue = null, info] = await this.#readLeader();
    const leader = parseLeaderInfo(info ?? null);
    return lockValue !== null && leader !== null && lockValue === `${leader.nodeId}:${leader.epoch}`
      ? leader
      : null;
  }

  /**
   * Gives leadership up, so that another instance takes over at once; does nothing for an instance that does not lead.
   * Returns when the others can take over. This instance stands again a moment later.
   */
  async resign(): Promise<void> {
    this.#term?.end('resigned');
    await this.#handedOver;
  }

  /**
   * Asks whoever leads to resign, from any instance and any role. The leader finds the request at once, or at its next
   * renewal at the latest; it stops before anybody else can take over, because its lock is what it gives up. A leader that is
   * frozen does not answer; it is taken over when its lock is over.
   *
   * @param leader - only this leadership, as `getLeader` returned it
   * @returns `nodeId` of the leader that was asked; `null` when nobody leads, or another one by now
   * @throws {@link QueueClosedError}
   */
  async requestResignation(leader?: Pick<LeaderInfo, 'nodeId' | 'epoch'>): Promise<string | null> {
    this.#assertOpen();
    const asked = await this.#scripts.requestResignation(leader && `${leader.nodeId}:${leader.epoch}`);
    return asked === undefined ? null : nodeIdOf(asked);
  }

  /**
   * Stands for election, as soon as the scheduler is not stopped; does nothing when it does already, or in a role that does
   * not schedule.
   *
   * @throws {@link QueueClosedError}
   */
  start(): void {
    this.#assertOpen();
    if (!this.isCandidate) return;
    this.#started = true;
    this.#stand();
  }

  /** Resigns if need be and stands no more. Returns when all that has ended. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#stepAside();
    await this.#loop;
  }

  /** @internal */
  withdraw(): void {
    this.#withdrawn = true;
    this.#stepAside();
  }

  /** @internal */
  restore(): void {
    this.#withdrawn = false;
    this.#stand();
  }

  /** @internal Nothing can be asked of it any more. */
  close(): void {
    this.#closed = true;
  }

  /** Begins when what went on before has ended. */
  #stand(): void {
    if (!this.#started || this.#withdrawn || this.#standing !== undefined) return;
    const standing = (this.#standing = new AbortController());
    this.#loop = this.#loop.then(() => this.#run(standing.signal));
  }

  #stepAside(): void {
    this.#standing?.abort();
    this.#standing = undefined;
    this.#term?.end('resigned');
    this.#wakeUp?.();
  }

  #assertOpen(): void {
    if (this.#closed) throw new QueueClosedError({ queueName: this.#context.options.pendingQueueName });
  }

  async #readLeader(): Promise<(string | null)[]> {
    const { keys, hub } = this.#context;
    try {
      return await hub.commands.mget(keys.electionLock, keys.leaderInfo);
    } catch (error) {
      throw asTypedError(error, 'getLeader', hub.commandTimeoutMs);
    }
  }

  async #run(standing: AbortSignal): Promise<void> {
    while (!standing.aborted) {
      try {
        const sentAt = this.#clock.nowMs();
        const candidacy = await this.#scripts.acquire(this.#observed.lifeless(sentAt));
        this.#neighbours.sighted(candidacy.neighbours);
        if (candidacy.won) await this.#lead(candidacy, sentAt, standing);
        else await this.#follow(candidacy, standing);
      } catch (error) {
        this.#onError(error);
        await this.#sleep(retryMs, standing, false);
      }
    }
  }

  async #follow(
    { lockValue, ttlMs, info }: Extract<Candidacy, { won: false }>,
    standing: AbortSignal,
  ): Promise<void> {
    this.#sayFollower();
    const now = this.#clock.nowMs();
    this.#observed.see({ lockValue, ttlMs, info }, now);
    const untilExpiry = ttlMs >= 0 ? ttlMs + expirySlackMs : Number.POSITIVE_INFINITY;
    const sleepMs = Math.min(untilExpiry, this.#observed.msUntilSuperseded(now), longestSleepMs);
    await this.#sleep(sleepMs, standing, true);
  }

  #sayFollower(): void {
    if (this.#saidFollower) return;
    this.#saidFollower = true;
    if (this.#context.options.role === 'BOTH') this.#log.info('becameFollower');
    else this.#log.info('schedulerOnStandby', { nodeId: this.nodeId });
  }

  async #lead(
    { lockValue, unresigned }: Extract<Candidacy, { won: true }>,
    sentAt: number,
    standing: AbortSignal,
  ): Promise<void> {
    this.#observed.forget();
    if (standing.aborted) {
      await this.#giveUpLock(lockValue);
      return;
    }
    const before = parseLeaderInfo(unresigned);
    if (before !== null && before.nodeId !== this.nodeId)
      this.#log.warn('leaderTimedOut', { nodeId: before.nodeId });
    this.#log.info('becameLeader', { nodeId: nodeIdOf(lockValue) });
    this.#saidFollower = false;
    const term = new Term(lockValue, sentAt, {
      options: this.#context.options,
      clock: this.#clock,
      runners: this.#runners,
      renew: (heartbeats) => this.#scripts.renew(lockValue, heartbeats),
      onError: this.#onError,
    });
    this.#term = term;
    const { hub, keys } = this.#context;
    const unwatch = hub.leaderWait.watch(keys.resignRequests, (asked) => {
      if (asked === lockValue) term.end('resigned');
    });
    this.#handedOver = term.ended.then((reason) => this.#handOver(term, reason));
    this.#leads.next(true);
    await this.#handedOver;
    unwatch();
    await term.settled;
    this.#term = undefined;
    const reason = await term.ended;
    if (reason === 'resigned' || reason === 'stalled') {
      if (!standing.aborted) this.#sayFollower();
      await this.#sleep(othersFirstMs, standing, false);
    }
  }

  /** Scripts of the term that are still under way do not matter: what comes after the lock is gone is refused. */
  async #handOver({ lockValue }: Term, reason: TermEnd): Promise<void> {
    this.#leads.next(false);
    if (reason !== 'resigned') this.#log.warn('leaderSteppedDown', { nodeId: this.nodeId, reason });
    if (reason === 'resigned' || reason === 'stalled') await this.#giveUpLock(lockValue);
  }

  async #giveUpLock(lockValue: string): Promise<void> {
    try {
      await this.#scripts.resign(lockValue);
      this.#log.info('leaderResigned', { nodeId: this.nodeId });
    } catch (error) {
      // If it did not reach Redis, the lock expires, and the next leader takes over after its TTL.
      if (!(error instanceof StaleLeaderError)) this.#onError(error);
    }
  }

  /** @param forVacancy - wake up as soon as a leader resigns */
  async #sleep(ms: number, standing: AbortSignal, forVacancy: boolean): Promise<void> {
    if (standing.aborted) return;
    const { hub, keys } = this.#context;
    let unwatch: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (forVacancy) unwatch = hub.leaderWait.watch(keys.electionVacancy, this.#wakeUp);
    });
    this.#wakeUp = undefined;
    unwatch?.();
  }
}

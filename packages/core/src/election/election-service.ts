import { distinctUntilChanged, BehaviorSubject, type Observable } from 'rxjs';
import { systemClock, type Clock } from '../domain/clock.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { ElectionScripts, nodeIdOf, type Candidacy } from './election-scripts.js';
import { parseLeaderInfo, type LeaderInfo } from './leader-info.js';
import type { TermRunner } from './leadership.interface.js';
import { ObservedLock } from './observed-lock.js';
import { Term } from './term.js';

export interface ElectionServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly clock?: Clock;
}

/** After a resignation the others go first. */
const resignedPauseMs = 1_000;
const retryMs = 500;
/** Redis expires keys lazily; a candidate that comes this much later finds the lock gone. */
const expirySlackMs = 20;
const longestSleepMs = 5_000;

/**
 * Elects the one leader of a queue among all instances that may schedule. The protocol is described in ELECTION.md.
 *
 * @publicApi
 */
export class ElectionService {
  readonly nodeId: string;
  /** Whether this instance leads; emits the present state first and then every change. */
  readonly leadership$: Observable<boolean>;

  readonly #leads = new BehaviorSubject(false);
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #scripts: ElectionScripts;
  readonly #observed: ObservedLock;
  readonly #runners: TermRunner[] = [];
  #term: Term | undefined;
  #loop: Promise<void> | undefined;
  #stopping = false;
  #wakeUp: (() => void) | undefined;
  #saidFollower = false;
  #resigned = false;

  /** @internal */
  constructor({ context, log, onError, clock = systemClock }: ElectionServiceDependencies) {
    this.#context = context;
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

  /** The present leader, as Redis knows it; `null` while there is none. */
  async getLeader(): Promise<LeaderInfo | null> {
    const { keys, hub } = this.#context;
    const [lockValue, info] = await hub.commands.mget(keys.electionLock, keys.leaderInfo);
    const leader = parseLeaderInfo(info ?? null);
    return lockValue !== null && leader !== null && lockValue === `${leader.nodeId}:${leader.epoch}` ? leader : null;
  }

  /** Gives leadership up, so that another instance takes over at once; does nothing for an instance that does not lead. */
  async resign(): Promise<void> {
    const term = this.#term;
    if (term === undefined) return;
    this.#resigned = true;
    term.end('resigned');
    await term.ended;
  }

  /** Stands for election; does nothing when it does already, or in a role that does not schedule. */
  start(): void {
    if (!this.isCandidate || this.#loop !== undefined) return;
    this.#stopping = false;
    this.#loop = this.#run();
  }

  /** Resigns if need be and stands no more. Returns when all that has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#term?.end('resigned');
    this.#wakeUp?.();
    await this.#loop;
    this.#loop = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const sentAt = this.#clock.nowMs();
        const candidacy = await this.#scripts.acquire(this.#observed.toSupersede(sentAt));
        if (candidacy.won) await this.#lead(candidacy, sentAt);
        else await this.#follow(candidacy);
      } catch (error) {
        this.#onError(error);
        await this.#sleep(retryMs, false);
      }
    }
  }

  async #follow({ lockValue, ttlMs, info }: Extract<Candidacy, { won: false }>): Promise<void> {
    this.#sayFollower();
    const now = this.#clock.nowMs();
    this.#observed.see({ lockValue, ttlMs, info }, now);
    const untilExpiry = ttlMs >= 0 ? ttlMs + expirySlackMs : Number.POSITIVE_INFINITY;
    const sleepMs = Math.min(untilExpiry, this.#observed.msUntilSuperseded(now), longestSleepMs);
    await this.#sleep(sleepMs, true);
  }

  #sayFollower(): void {
    if (this.#saidFollower) return;
    this.#saidFollower = true;
    if (this.#context.options.role === 'BOTH') this.#log.info('becameFollower');
    else this.#log.info('schedulerOnStandby', { nodeId: this.nodeId });
  }

  async #lead({ lockValue, unresigned }: Extract<Candidacy, { won: true }>, sentAt: number): Promise<void> {
    const before = parseLeaderInfo(unresigned);
    if (before !== null) this.#log.warn('leaderTimedOut', { nodeId: before.nodeId });
    this.#log.info('becameLeader', { nodeId: nodeIdOf(lockValue) });
    this.#saidFollower = false;
    this.#observed.forget();
    const term = new Term(lockValue, sentAt, {
      options: this.#context.options,
      clock: this.#clock,
      runners: this.#runners,
      renew: (heartbeats) => this.#scripts.renew(lockValue, heartbeats),
      onError: this.#onError,
    });
    this.#term = term;
    this.#leads.next(true);
    if (this.#stopping) term.end('resigned');
    const reason = await term.ended;
    this.#term = undefined;
    this.#leads.next(false);
    if (reason === 'resigned') await this.#giveUpLock(lockValue);
    else this.#log.warn('leaderSteppedDown', { nodeId: this.nodeId, reason });
    if (this.#resigned && !this.#stopping) {
      this.#resigned = false;
      this.#sayFollower();
      await this.#sleep(resignedPauseMs, false);
    }
  }

  async #giveUpLock(lockValue: string): Promise<void> {
    try {
      await this.#scripts.resign(lockValue);
      this.#log.info('leaderResigned', { nodeId: this.nodeId });
    } catch (error) {
      // Then the lock expires, and the next leader takes over after its TTL.
      this.#onError(error);
    }
  }

  /** @param forVacancy - wake up as soon as a leader resigns */
  async #sleep(ms: number, forVacancy: boolean): Promise<void> {
    if (this.#stopping) return;
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


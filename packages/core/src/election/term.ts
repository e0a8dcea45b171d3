import type { Clock } from '../domain/clock.js';
import { TrustWindow } from '../domain/trust-window.js';
import { StaleLeaderError } from '../errors/errors.js';
import type { StepDownReason } from '../observability/messages/message-params.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import type { LeadershipTerm, TermRunner } from './leadership.interface.js';

export type TermEnd = 'resigned' | StepDownReason;

export interface TermDependencies {
  readonly options: Pick<
    ResolvedQueueOptions,
    'electionLockTtlMs' | 'heartbeatIntervalMs' | 'schedulerIntervalMs'
  >;
  readonly clock: Clock;
  readonly runners: readonly TermRunner[];
  /** Resolves to true where the leader is asked to resign instead. */
  readonly renew: (heartbeats: number) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

/** After a renewal that failed, the next one comes sooner than the heartbeat. */
const renewRetryMs = 500;

/** One leadership: keeps the lease, runs what a leader does, and ends when told to or when the lease is over. */
export class Term implements LeadershipTerm {
  /** Resolves to the reason as soon as the term has ended; what the leader does may still have a script under way. */
  readonly ended: Promise<TermEnd>;
  /** Resolves once everything that the leader does has returned. */
  readonly settled: Promise<void>;

  readonly #abort = new AbortController();
  readonly #trust: TrustWindow;
  /** A lease is renewed well before it is over, however long the heartbeat interval is. */
  readonly #renewEveryMs: number;
  #end!: (reason: TermEnd) => void;
  #heartbeats = 0;
  #renewTimer: NodeJS.Timeout | undefined;
  #trustTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly lockValue: string,
    sentAtMs: number,
    private readonly dependencies: TermDependencies,
  ) {
    const { options, runners, onError } = dependencies;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#trust = new TrustWindow(options.electionLockTtlMs);
    this.#renewed(sentAtMs);
    this.#renewEveryMs = Math.min(options.heartbeatIntervalMs, options.electionLockTtlMs / 3);
    this.#scheduleRenewal(this.#renewEveryMs);
    const running = runners.map(async (runner) => {
      await runner.run(this).catch(onError);
      // A leader that does not do all that a leader does is none.
      this.end('stalled');
    });
    this.settled = Promise.all([this.ended, ...running]).then(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isOpen(): boolean {
    return this.#trust.isOpen(this.dependencies.clock.nowMs());
  }

  fenced(): void {
    this.end('fenced');
  }

  /** The first reason counts. */
  end(reason: TermEnd): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#renewTimer);
    clearTimeout(this.#trustTimer);
    this.#trust.close();
    this.#end(reason);
    this.#abort.abort();
  }

  #scheduleRenewal(inMs: number): void {
    this.#renewTimer = setTimeout(() => {
      void this.#renewOnce();
    }, inMs);
  }

  async #renewOnce(): Promise<void> {
    const { clock, renew, onError } = this.dependencies;
    const sentAt = clock.nowMs();
    if (!this.#makesProgress(sentAt)) {
      this.end('stalled');
      return;
    }
    try {
      const askedToResign = await renew(++this.#heartbeats);
      if (this.signal.aborted) return;
      if (askedToResign) {
        this.end('resigned');
        return;
      }
      this.#renewed(sentAt);
      this.#scheduleRenewal(this.#renewEveryMs);
    } catch (error) {
      if (error instanceof StaleLeaderError) {
        this.fenced();
        return;
      }
      onError(error);
      if (!this.signal.aborted) this.#scheduleRenewal(Math.min(renewRetryMs, this.#renewEveryMs));
    }
  }

  #makesProgress(nowMs: number): boolean {
    const { runners, options } = this.dependencies;
    const patience = Math.max(options.electionLockTtlMs, 2 * options.schedulerIntervalMs);
    return runners.every(
      ({ lastProgressMs }) => lastProgressMs === undefined || nowMs - lastProgressMs < patience,
    );
  }

  #renewed(sentAtMs: number): void {
    this.#trust.renewed(sentAtMs);
    this.#watchTrust();
  }

  #watchTrust(): void {
    clearTimeout(this.#trustTimer);
    this.#trustTimer = setTimeout(
      () => {
        if (this.isOpen) this.#watchTrust();
        else this.end('lease-lost');
      },
      this.#trust.remainingMs(this.dependencies.clock.nowMs()) + 1,
    );
  }
}

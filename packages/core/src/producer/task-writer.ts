import { performance } from 'node:perf_hooks';
import type { AddOutcome, NewJob } from '../bullmq/job-adder.js';
import { CommandTimeoutError } from '../errors/errors.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import { addTasksArguments } from './add-tasks-arguments.js';
import { CallChain } from './call-chain.js';
import { PendingWrites, type Part, type PendingWrite } from './pending-writes.js';

/** How the writer reaches Redis. Both ways have sent everything when they return: the order of the calls is Redis' order. */
export interface WayToRedis {
  /** Runs the script `addTasks`. */
  addTasks(args: ScriptArgument[]): Promise<unknown>;
  /** Adds tasks that the script does not take: delayed and deduplicated ones. */
  addByBullMQ(newJobs: readonly NewJob[]): Promise<AddOutcome[]>;
  /** Resolves when `addByBullMQ` may be called. */
  bullMQReady(): Promise<void>;
  readonly commandTimeoutMs: number;
}

/**
 * While Redis runs one script, the next ones are on their way. More would only stand between Redis and the other commands of
 * this instance, its heartbeats above all; and what waits here meanwhile makes larger scripts.
 */
const maxScriptsInFlight = 3;

type OutcomeAt = (position: number) => AddOutcome | undefined;

/** Writes tasks to Redis in the order of the calls, those of several calls with one script. */
export class TaskWriter {
  readonly #pending = new PendingWrites();
  readonly #chain = new CallChain();
  readonly #onSettled: (() => void)[] = [];
  #scriptsInFlight = 0;
  #isScheduled = false;
  #bullMQ: 'unknown' | 'asked' | 'ready' = 'unknown';

  constructor(private readonly redis: WayToRedis) {}

  /**
   * Resolves with the ids of the tasks when all of them are stored. When a part of a call fails, no further part of it is
   * sent; it rejects when those that were sent have been answered.
   */
  write(newJobs: readonly NewJob[]): Promise<string[]> {
    if (newJobs.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const ids = newJobs.map(({ id }) => id);
      const since = performance.now();
      const progress = { sent: 0, unanswered: 0, failure: undefined };
      this.#pending.push({ newJobs, ids, since, resolve, reject, ...progress });
      // What else this turn of the event loop adds goes with what does not fill a script.
      while (this.#pending.isFull && this.#sendNext());
      this.#schedule();
    });
  }

  /** Resolves when nothing is on its way or waits for it. */
  async settled(): Promise<void> {
    if (!this.#isSettled) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  get #isSettled(): boolean {
    return this.#pending.isEmpty && this.#scriptsInFlight === 0;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#pending.isEmpty) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      while (this.#sendNext());
    });
  }

  /** @returns whether it sent anything */
  #sendNext(): boolean {
    const { next } = this.#pending;
    if (next === undefined || this.#scriptsInFlight >= maxScriptsInFlight) return false;
    if (next.isPlain || this.#bullMQ === 'ready') {
      this.#sendPart(next.isPlain);
      return true;
    }
    // What waits behind must not overtake it.
    this.#awaitBullMQ();
    return false;
  }

  #sendPart(isPlain: boolean): void {
    const parts = this.#pending.take(this.#scriptsInFlight === 0);
    const newJobs = parts.flatMap(({ write, from, to }) => write.newJobs.slice(from, to));
    this.#scriptsInFlight += 1;
    const answered = (outcomeAt: OutcomeAt): void => {
      this.#scriptsInFlight -= 1;
      this.#answered(parts, outcomeAt);
    };
    const failed = (error: unknown): void => answered(() => ({ error }));
    if (isPlain) {
      const link = this.#chain.link(newJobs);
      this.redis.addTasks(addTasksArguments(newJobs, link.args)).then(
        (reply) => {
          link.answered(reply);
          answered(asSent);
        },
        (error: unknown) => {
          link.failed();
          failed(error);
        },
      );
    } else this.redis.addByBullMQ(newJobs).then((outcomes) => answered((at) => outcomes[at]), failed);
  }

  #awaitBullMQ(): void {
    if (this.#bullMQ === 'asked') return;
    this.#bullMQ = 'asked';
    this.redis.bullMQReady().then(
      () => {
        this.#bullMQ = 'ready';
        this.#schedule();
      },
      (error: unknown) => {
        this.#bullMQ = 'unknown';
        // Unless what needed it has been given up meanwhile.
        if (this.#pending.next?.isPlain === false) this.#answered(this.#pending.take(), () => ({ error }));
      },
    );
  }

  #answered(parts: readonly Part[], outcomeAt: OutcomeAt): void {
    let position = 0;
    let timeout: CommandTimeoutError | undefined;
    for (const { write, from, to } of parts) {
      for (let index = from; index < to; index += 1) note(write, index, outcomeAt(position++));
      write.unanswered -= 1;
      if (write.failure !== undefined) this.#pending.abandon(write);
      finish(write);
      if (write.failure?.error instanceof CommandTimeoutError) timeout = write.failure.error;
    }
    if (timeout !== undefined) this.#giveUpOld(timeout);
    this.#schedule();
    if (this.#isSettled) for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  /** Redis does not answer: a call that has waited for its turn for as long would only wait as long again. */
  #giveUpOld(error: CommandTimeoutError): void {
    for (const write of this.#pending.takeUnsent(performance.now() - this.redis.commandTimeoutMs)) {
      write.failure = { error };
      finish(write);
    }
  }
}

const asSent: OutcomeAt = () => undefined;

function note(write: PendingWrite, index: number, outcome: AddOutcome | undefined): void {
  if (outcome === undefined) return;
  if ('error' in outcome) write.failure ??= outcome;
  else write.ids[index] = outcome.id;
}

function finish({ newJobs, ids, sent, unanswered, failure, resolve, reject }: PendingWrite): void {
  if (sent < newJobs.length || unanswered > 0) return;
  if (failure === undefined) resolve(ids);
  else reject(failure.error);
}

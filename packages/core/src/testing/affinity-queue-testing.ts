import { UnsupportedOperationError } from '../errors/errors.js';
import type { QueueEngine } from './engine/queue-engine.js';
import { turn } from './engine/turn.js';
import { TestClock } from './test-clock.js';

/**
 * How the queues of a test behave.
 *
 * @publicApi
 */
export interface QueueTestingOptions {
  /**
   * Run tasks as soon as they can run, as on Redis. Without it they wait for `runUntilIdle`, `runFor`, or for somebody who
   * waits for a task with `waitUntilFinished`.
   *
   * @default false
   */
  autoRun?: boolean;

  /**
   * What the clock shows at first.
   *
   * @default the time at which the application is put together
   */
  startTime?: Date;
}

/** @publicApi */
export interface RunUntilIdleOptions {
  /**
   * Let time pass where nothing else is left to do: over delays and back-offs, from one to the next, until there are none.
   *
   * @default false
   */
  advance?: boolean;

  /**
   * After so many attempts of tasks it rejects: something adds tasks for ever.
   *
   * @default 100000
   */
  maxAttempts?: number;
}

const defaultMaxAttempts = 100_000;

/**
 * The hands of a test on all queues of the application: their time, and what they run.
 *
 * @publicApi
 */
export class AffinityQueueTesting {
  /** The time of all queues. */
  readonly clock: TestClock;
  readonly #autoRun: boolean;
  readonly #engines: QueueEngine[] = [];

  /** @internal */
  constructor({ autoRun = false, startTime = new Date() }: QueueTestingOptions = {}) {
    this.clock = new TestClock(startTime.getTime());
    this.#autoRun = autoRun;
  }

  /**
   * Runs tasks, of all queues, until none can run: what they add runs too. Resolves when their handlers have ended. What is
   * delayed, in a back-off, or paused stays.
   *
   * @throws `UnsupportedOperationError` when it has no end
   */
  async runUntilIdle({ advance = false, maxAttempts }: RunUntilIdleOptions = {}): Promise<void> {
    await this.#run(advance ? Number.POSITIVE_INFINITY : this.clock.nowMs(), maxAttempts);
  }

  /** Lets so many milliseconds pass, and runs on the way whatever becomes due, at its time. */
  async runFor(ms: number, options: Pick<RunUntilIdleOptions, 'maxAttempts'> = {}): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    await this.#run(endMs, options.maxAttempts);
    this.clock.advance(Math.max(0, endMs - this.clock.nowMs()));
  }

  /** @internal */
  join(engine: QueueEngine): void {
    this.#engines.push(engine);
    if (this.#autoRun) engine.beginRun();
  }

  async #run(untilMs: number, maxAttempts = defaultMaxAttempts): Promise<void> {
    const endRuns = this.#engines.map((engine) => engine.beginRun());
    const lastAttempt = this.#attempts + maxAttempts;
    try {
      for (;;) {
        await this.#settle(lastAttempt, maxAttempts);
        const dueMs = this.#nextDueMs;
        if (dueMs === undefined || dueMs > untilMs) return;
        this.clock.advance(Math.max(0, dueMs - this.clock.nowMs()));
      }
    } finally {
      for (const endRun of endRuns) endRun();
    }
  }

  /** Runs until nothing more can run at this time. */
  async #settle(lastAttempt: number, maxAttempts: number): Promise<void> {
    for (let before = -1; before !== this.#attempts || this.#running.length > 0;) {
      before = this.#attempts;
      if (before > lastAttempt) throw endless(maxAttempts);
      this.#pump();
      if (this.#running.length > 0) await Promise.race(this.#running);
      // Whoever was told of something may add tasks now.
      await turn();
      this.#pump();
    }
  }

  #pump(): void {
    for (const engine of this.#engines) engine.pump();
  }

  get #attempts(): number {
    return this.#engines.reduce((sum, { lanes }) => sum + lanes.attempts, 0);
  }

  get #running(): Promise<void>[] {
    return this.#engines.flatMap(({ lanes }) => lanes.running);
  }

  get #nextDueMs(): number | undefined {
    const due = this.#engines.flatMap((engine) => engine.nextDueMs() ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}

function endless(maxAttempts: number): UnsupportedOperationError {
  const reason = `the queues are not idle after ${maxAttempts} attempts; something adds tasks for ever`;
  return new UnsupportedOperationError({ operation: 'AffinityQueueTesting', reason });
}

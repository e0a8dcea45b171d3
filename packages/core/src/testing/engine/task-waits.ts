import {
  QueueClosedError,
  TaskFailedError,
  TaskNotFoundError,
  WaitTimeoutError,
} from '../../errors/errors.js';
import type { ModelEvent, QueueState } from '../model/queue-state.js';
import type { TestClock } from '../test-clock.js';

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Waits for the ends of tasks. */
export class TaskWaits {
  readonly #waiters = new Map<string, Set<Waiter>>();

  constructor(
    private readonly state: QueueState,
    private readonly clock: TestClock,
  ) {}

  /** Whether somebody waits for a task that has not ended. */
  get isWaitedFor(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * @param timeoutMs - by the clock of the test; 0: only look
   * @throws {@link TaskFailedError}, {@link TaskNotFoundError}, {@link WaitTimeoutError}
   */
  async wait(jobId: string, timeoutMs = Number.POSITIVE_INFINITY): Promise<unknown> {
    const task = this.state.tasks.get(jobId);
    if (task === undefined) throw new TaskNotFoundError({ jobId });
    if (task.place === 'completed') return JSON.parse(task.resultJson ?? 'null');
    if (task.place === 'failed') throw failure(jobId, task.failedReason);
    if (timeoutMs === 0) throw new WaitTimeoutError({ jobId, timeoutMs });
    return this.#enter(jobId, timeoutMs);
  }

  /** After a transition: tells those whose task has ended, or is gone. */
  settle(events: readonly ModelEvent[]): void {
    if (!this.isWaitedFor) return;
    for (const event of events) {
      if (event.type === 'completed')
        this.#tell(event.jobId, ({ resolve }) => {
          resolve(event.returnvalue);
        });
      if (event.type === 'failed') this.#fail(event.jobId, failure(event.jobId, event.failedReason));
    }
    for (const jobId of this.#waiters.keys()) {
      if (!this.state.tasks.has(jobId)) this.#fail(jobId, new TaskNotFoundError({ jobId }));
    }
  }

  close(queueName: string): void {
    for (const jobId of this.#waiters.keys()) this.#fail(jobId, new QueueClosedError({ queueName }));
  }

  async #enter(jobId: string, timeoutMs: number): Promise<unknown> {
    let callOff = (): void => undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const waiters = this.#waiters.get(jobId) ?? new Set();
        const waiter = { resolve, reject };
        this.#waiters.set(jobId, waiters.add(waiter));
        if (!Number.isFinite(timeoutMs)) return;
        callOff = this.clock.after(timeoutMs, () => {
          waiters.delete(waiter);
          if (waiters.size === 0) this.#waiters.delete(jobId);
          reject(new WaitTimeoutError({ jobId, timeoutMs }));
        });
      });
    } finally {
      callOff();
    }
  }

  #fail(jobId: string, error: Error): void {
    this.#tell(jobId, ({ reject }) => {
      reject(error);
    });
  }

  #tell(jobId: string, tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiters.get(jobId);
    this.#waiters.delete(jobId);
    for (const waiter of waiters ?? []) tell(waiter);
  }
}

function failure(jobId: string, failedReason = ''): TaskFailedError {
  return new TaskFailedError({ jobId, failedReason });
}

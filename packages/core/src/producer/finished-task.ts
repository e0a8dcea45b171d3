import { TaskFailedError, TaskNotFoundError, WaitTimeoutError } from '../errors/errors.js';
import type { QueueEventsHub } from '../observability/events/queue-events-hub.js';

/** How often a waiter looks for itself: events are delivered at most once. */
const recheckMs = 1_000;

type Outcome = { readonly result: unknown } | { readonly error: Error };

/** BullMQ's answer to "is it finished": 0 no, 1 completed, 2 failed, with its value; -1 there is no such job. */
export type FinishedReader = (jobId: string) => Promise<readonly [code: number, value: string]>;

/** Waits for a task's end, by the event and by looking. */
export class FinishedTasks {
  constructor(
    private readonly events: QueueEventsHub,
    private readonly readFinished: FinishedReader,
  ) {}

  /** @throws {@link TaskFailedError}, {@link TaskNotFoundError}, {@link WaitTimeoutError} */
  async wait(jobId: string, timeoutMs: number | undefined): Promise<unknown> {
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    let notify: (() => void) | undefined;
    const unlisten = await this.events.listen((event) => {
      if ((event.type === 'completed' || event.type === 'failed') && event.jobId === jobId) notify?.();
    });
    try {
      for (;;) {
        const finished = new Promise<void>((resolve) => (notify = resolve));
        const outcome = await this.#look(jobId);
        if (outcome !== undefined) {
          if ('error' in outcome) throw outcome.error;
          return outcome.result;
        }
        const left = deadline - performance.now();
        if (left <= 0) throw new WaitTimeoutError({ jobId, timeoutMs: timeoutMs ?? 0 });
        await withinMs(finished, Math.min(left, recheckMs));
      }
    } finally {
      unlisten();
    }
  }

  async #look(jobId: string): Promise<Outcome | undefined> {
    const [code, value] = await this.readFinished(jobId);
    if (code === 1) return { result: value === '' ? undefined : (JSON.parse(value) as unknown) };
    if (code === 2) return { error: new TaskFailedError({ jobId, failedReason: value }) };
    return code === 0 ? undefined : { error: new TaskNotFoundError({ jobId }) };
  }
}

async function withinMs(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, expired]);
  clearTimeout(timer);
}

import { TaskFailedError, TaskNotFoundError, WaitTimeoutError } from '../errors/errors.js';
import type { QueueEvent } from '../observability/events/queue-event.js';
import type { QueueEventsHub } from '../observability/events/queue-events-hub.js';

type Outcome = { readonly result: unknown } | { readonly failedReason: string };
type Sighting = Outcome | 'unfinished' | 'missing';

interface Waiter {
  /** What the event said. */
  outcome: Outcome | undefined;
  /** Lets it look. */
  notify: () => void;
  /** Ends the wait, whatever it is doing. */
  abandon: (error: Error) => void;
}

/** BullMQ's answer to "is it finished": 0 no, 1 completed, 2 failed, with its value; -1 there is no such job. */
export type FinishedReader = (jobId: string) => Promise<number | readonly [code: number, value: string]>;

/** Events are delivered at most once: a waiter looks for itself too, less and less often. */
const firstRecheckMs = 1_000;
const longestRecheckMs = 10_000;
/** A task that is not there may have ended just now, and not be kept: its event is on the way then. */
const eventGraceMs = 250;
/** A stop does not wait longer than this for what is looked up last. */
const longestLastLookMs = 500;
/** The event stream stays open for a while after the last waiter, so that one after the other does not open it anew. */
const lingerMs = 10_000;

/** Waits for the ends of tasks, by their events and by looking. */
export class FinishedTasks {
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #waits = new Set<Promise<unknown>>();
  #end: Error | undefined;
  #listening: ReturnType<QueueEventsHub['listen']> | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly events: Pick<QueueEventsHub, 'listen'>,
    private readonly readFinished: FinishedReader,
  ) {}

  /**
   * @param timeoutMs - 0: only look
   * @throws {@link TaskFailedError}, {@link TaskNotFoundError}, {@link WaitTimeoutError}
   */
  async wait(jobId: string, timeoutMs = Number.POSITIVE_INFINITY): Promise<unknown> {
    if (timeoutMs === 0) return conclude(jobId, await this.#lookNow(jobId));
    const wait = this.#listen(jobId, timeoutMs);
    this.#waits.add(wait);
    try {
      return conclude(jobId, await wait);
    } finally {
      this.#waits.delete(wait);
    }
  }

  /**
   * Ends every wait: with what a last look finds, so that a stored result is told whose event was not read yet; with `error`
   * where the task has not finished, or Redis does not answer at once.
   *
   * @param mayLook - false where there is no connection to look through
   */
  async close(error: Error, mayLook: boolean): Promise<void> {
    this.#end = error;
    if (mayLook) {
      for (const { notify } of this.#allWaiters()) notify();
      await within(Promise.allSettled(this.#waits), longestLastLookMs);
    }
    for (const { abandon } of this.#allWaiters()) abandon(error);
    await Promise.allSettled(this.#waits);
    clearTimeout(this.#lingerTimer);
    this.#listening?.stop();
    this.#listening = undefined;
  }

  async #listen(jobId: string, timeoutMs: number): Promise<Outcome> {
    const deadline = performance.now() + timeoutMs;
    // Listens before it looks: whatever a look finds unfinished, the end of it is heard.
    const waiter: Waiter = { outcome: undefined, notify: () => undefined, abandon: () => undefined };
    const leave = this.#enter(jobId, waiter);
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        waiter.abandon = reject;
        this.#untilFinished(jobId, waiter, deadline, timeoutMs).then(resolve, reject);
      });
    } finally {
      leave();
    }
  }

  #allWaiters(): Waiter[] {
    return [...this.#waiters.values()].flatMap((waiters) => [...waiters]);
  }

  async #untilFinished(jobId: string, waiter: Waiter, deadline: number, timeoutMs: number): Promise<Outcome> {
    const woken = new Promise<void>((resolve) => (waiter.notify = resolve));
    const ready = Promise.race([this.#listening?.ready, woken]);
    await within(ready, Math.min(deadline - performance.now(), firstRecheckMs));
    for (let recheckMs = firstRecheckMs; ; recheckMs = Math.min(2 * recheckMs, longestRecheckMs)) {
      const notified = new Promise<void>((resolve) => (waiter.notify = resolve));
      const told = waiter.outcome;
      const end = this.#end;
      const sighting = await this.#look(jobId);
      if (sighting === 'missing') {
        const outcome = await outcomeOnTheWay(waiter);
        if (outcome === undefined) throw new TaskNotFoundError({ jobId });
        return outcome;
      }
      if (sighting !== 'unfinished') return sighting;
      // What was told before the look is about an earlier end: the task was retried.
      if (waiter.outcome === told) waiter.outcome = undefined;
      if (end !== undefined) throw end;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new WaitTimeoutError({ jobId, timeoutMs });
      await within(notified, Math.min(leftMs, recheckMs));
    }
  }

  async #lookNow(jobId: string): Promise<Outcome> {
    const sighting = await this.#look(jobId);
    if (sighting === 'missing') throw new TaskNotFoundError({ jobId });
    if (sighting === 'unfinished') throw new WaitTimeoutError({ jobId, timeoutMs: 0 });
    return sighting;
  }

  async #look(jobId: string): Promise<Sighting> {
    const reply = await this.readFinished(jobId);
    const [code, value = ''] = typeof reply === 'number' ? [reply] : reply;
    if (code === 1) return { result: value === '' ? undefined : (JSON.parse(value) as unknown) };
    if (code === 2) return { failedReason: value };
    return code === 0 ? 'unfinished' : 'missing';
  }

  #enter(jobId: string, waiter: Waiter): () => void {
    clearTimeout(this.#lingerTimer);
    this.#listening ??= this.events.listen((event) => {
      this.#onEvent(event);
    });
    const waiters = this.#waiters.get(jobId) ?? new Set();
    this.#waiters.set(jobId, waiters.add(waiter));
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(jobId) === waiters) this.#waiters.delete(jobId);
      if (this.#waiters.size === 0) this.#linger();
    };
  }

  #linger(): void {
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => {
      this.#listening?.stop();
      this.#listening = undefined;
    }, lingerMs).unref();
  }

  #onEvent(event: QueueEvent): void {
    if (event.type !== 'completed' && event.type !== 'failed') return;
    const outcome: Outcome =
      event.type === 'completed' ? { result: event.returnvalue } : { failedReason: event.failedReason };
    for (const waiter of this.#waiters.get(event.jobId) ?? []) {
      waiter.outcome = outcome;
      waiter.notify();
    }
  }
}

/** Also a stop, which lets it look at once, leaves it this time. */
async function outcomeOnTheWay(waiter: Waiter): Promise<Outcome | undefined> {
  const deadline = performance.now() + eventGraceMs;
  for (let leftMs = eventGraceMs; leftMs > 0; leftMs = deadline - performance.now()) {
    if (waiter.outcome !== undefined) break;
    await within(new Promise<void>((resolve) => (waiter.notify = resolve)), leftMs);
  }
  return waiter.outcome;
}

function conclude(jobId: string, outcome: Outcome): unknown {
  if ('failedReason' in outcome) throw new TaskFailedError({ jobId, failedReason: outcome.failedReason });
  return outcome.result;
}

/** Waits for a promise, at most so long. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  if (ms <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    if (Number.isFinite(ms)) timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
  });
  await Promise.race([promise, expired]);
  clearTimeout(timer);
}

import { Durations, type DurationView } from './durations.js';
import type { RecentEvent } from './recent-events.js';

/** What tasks did in one span of time. */
export interface RateView {
  /** Beginning of the span, ms since the epoch by Redis' clock. */
  readonly at: number;
  readonly added: number;
  readonly completed: number;
  readonly failed: number;
  /** Attempts that failed and will be repeated. */
  readonly retried: number;
  /** From due to the begin of the first attempt. */
  readonly waited: DurationView | null;
  /** From the begin of the last attempt to its end. */
  readonly ran: DurationView | null;
}

interface Bucket {
  added: number;
  completed: number;
  failed: number;
  retried: number;
  readonly waited: Durations;
  readonly ran: Durations;
}

type Counter = 'added' | 'completed' | 'failed' | 'retried';

/** Tasks whose next event is expected; older ones are forgotten. */
const maxOpenTasks = 20_000;

/** How many tasks were added and finished, and how long they waited and ran, in spans of some seconds. */
export class TaskRates {
  readonly #buckets = new Map<number, Bucket>();
  readonly #due = new Map<string, number>();
  readonly #started = new Map<string, number>();
  #changed = new Set<number>();

  constructor(
    private readonly windowMs: number,
    readonly spanMs: number,
  ) {}

  /** @param weight - for how many events this one stands, where not all could be read */
  apply({ name, at, values }: RecentEvent, weight = 1): void {
    const [jobId = '', previous] = values;
    switch (name) {
      case 'added':
        this.#count(at, 'added', weight);
        remember(this.#due, jobId, at);
        break;
      case 'waiting':
        if (previous === 'delayed') remember(this.#due, jobId, at);
        break;
      case 'delayed':
        this.#due.delete(jobId);
        break;
      case 'active':
        this.#measure(this.#due, jobId, at, 'waited');
        remember(this.#started, jobId, at);
        break;
      case 'retried':
        this.#count(at, name, weight);
        this.#started.delete(jobId);
        break;
      case 'completed':
      case 'failed':
        this.#count(at, name, weight);
        this.#measure(this.#started, jobId, at, 'ran');
        break;
      default:
    }
  }

  forget(now: number): void {
    for (const at of this.#buckets.keys()) if (at < now - this.windowMs) this.#buckets.delete(at);
  }

  all(): readonly RateView[] {
    return [...this.#buckets.keys()].sort((a, b) => a - b).map((at) => this.#view(at));
  }

  takeChanges(): readonly RateView[] {
    const changed = [...this.#changed].filter((at) => this.#buckets.has(at)).map((at) => this.#view(at));
    this.#changed = new Set();
    return changed;
  }

  #view(at: number): RateView {
    const { waited, ran, ...counts } = this.#bucket(at);
    const rounded = Object.fromEntries(
      Object.entries(counts).map(([name, count]) => [name, Math.round(count)]),
    );
    return { at, ...(rounded as Record<Counter, number>), waited: waited.view(), ran: ran.view() };
  }

  #count(at: number, counter: Counter, weight: number): void {
    this.#bucket(at)[counter] += weight;
  }

  #measure(since: Map<string, number>, jobId: string, at: number, what: 'waited' | 'ran'): void {
    const from = since.get(jobId);
    if (from === undefined) return;
    since.delete(jobId);
    this.#bucket(at)[what].add(Math.max(0, at - from));
  }

  #bucket(at: number): Bucket {
    const from = at - (at % this.spanMs);
    this.#changed.add(from);
    const present = this.#buckets.get(from);
    if (present !== undefined) return present;
    const bucket = {
      ...{ added: 0, completed: 0, failed: 0, retried: 0 },
      waited: new Durations(),
      ran: new Durations(),
    };
    this.#buckets.set(from, bucket);
    return bucket;
  }
}

function remember(map: Map<string, number>, jobId: string, at: number): void {
  map.delete(jobId);
  map.set(jobId, at);
  if (map.size <= maxOpenTasks) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

import type { RecentEvent } from './recent-events.js';

/** One batch on one worker. */
export interface BatchView {
  /** Where the batch is told apart from others: its first event. */
  readonly id: string;
  readonly workerId: string;
  readonly tag: string;
  /** ms since the epoch, by Redis' clock. */
  readonly from: number;
  /** `null`: it still runs. */
  readonly to: number | null;
  readonly size: number;
  /** Why it ended. */
  readonly reason: string;
}

const maxBatches = 3_000;

/** The batches of the last minutes: which worker had which tag, from when until when. */
export class BatchTimeline {
  readonly #batches = new Map<string, BatchView>();
  readonly #open = new Map<string, BatchView>();
  #changed = new Set<string>();
  /** Workers of which something was heard since the last look at them. */
  #heardOf = new Set<string>();

  constructor(private readonly windowMs: number) {}

  /** Events in their order. */
  apply({ id, at, name, values }: RecentEvent, completeSince: number): void {
    const [workerId = '', tag = '', size = '0', reason = ''] = values;
    if (name === 'bound' || name === 'released' || name === 'recovered') this.#heardOf.add(workerId);
    if (name === 'bound') {
      this.#close(workerId, at, '');
      this.#begin({ id, workerId, tag, from: at, to: null, size: Number(size), reason: '' });
    } else if (name === 'released') {
      const open = this.#open.get(workerId);
      this.#open.delete(workerId);
      // Its beginning was not seen: it lies before what could be read.
      const begun = open?.tag === tag ? open : { id, workerId, tag, from: Math.min(completeSince, at) };
      this.#put({ ...begun, to: at, size: Number(size), reason });
    } else if (name === 'recovered') {
      this.#close(workerId, at, 'lost');
    }
  }

  /**
   * Batches that began before what could be read, and those whose end was missed. Only of workers of which the events that were
   * read after this look say nothing: what they say of others is newer than the look.
   */
  reconcile(
    workers: readonly { readonly workerId: string; readonly tag: string | null }[],
    completeSince: number,
    now: number,
  ): void {
    const silent = workers.filter(({ workerId }) => !this.#heardOf.has(workerId));
    const tags = new Map(silent.map(({ workerId, tag }) => [workerId, tag]));
    const registered = new Set(workers.map(({ workerId }) => workerId));
    for (const [workerId, { tag }] of [...this.#open]) {
      const isOver = tags.has(workerId) ? tags.get(workerId) !== tag : !registered.has(workerId);
      if (isOver) this.#close(workerId, now, '');
    }
    for (const [workerId, tag] of tags) {
      if (tag === null || this.#open.has(workerId)) continue;
      const id = `${workerId}@${now}`;
      this.#begin({ id, workerId, tag, from: Math.min(completeSince, now), to: null, size: 0, reason: '' });
    }
    this.#heardOf = new Set();
    this.#forget(now - this.windowMs);
  }

  all(): readonly BatchView[] {
    return [...this.#batches.values()];
  }

  /** What has changed since the last call. */
  takeChanges(): readonly BatchView[] {
    const changed = [...this.#changed].flatMap((id) => this.#batches.get(id) ?? []);
    this.#changed = new Set();
    return changed;
  }

  #begin(batch: BatchView): void {
    this.#open.set(batch.workerId, batch);
    this.#put(batch);
  }

  #close(workerId: string, at: number, reason: string): void {
    const open = this.#open.get(workerId);
    if (open === undefined) return;
    this.#open.delete(workerId);
    this.#put({ ...open, to: at, reason });
  }

  #put(batch: BatchView): void {
    this.#batches.set(batch.id, batch);
    this.#changed.add(batch.id);
  }

  #forget(before: number): void {
    for (const [id, { to }] of this.#batches) {
      if (this.#batches.size <= maxBatches && (to === null || to >= before)) continue;
      if (to !== null) this.#batches.delete(id);
    }
  }
}

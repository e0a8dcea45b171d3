import { isError } from '../../errors/is-error.js';
import type { QueueStats } from '../../producer/queue-stats.js';
import type { QueueContext } from '../../redis/queue-context.js';
import { readOverview } from './overview.js';
import { QueuePicture, windowMs, type PictureUpdate } from './queue-picture.js';
import { readRecentEvents } from './recent-events.js';

/** What a viewer is sent. */
export type Sighting =
  | { readonly kind: 'state'; readonly state: PictureUpdate }
  /** Redis could not be asked. */
  | { readonly kind: 'trouble'; readonly error: string };

export interface CollectedQueue {
  readonly context: QueueContext;
  readonly queueService: { getQueueStats(): Promise<QueueStats> };
}

type Viewer = (sighting: Sighting) => void;

const intervalMs = 1_000;

/**
 * Looks at one queue once a second, for all viewers together, and only while there is one. What one look costs Redis does not
 * depend on how many watch, nor on how much waits.
 */
export class QueueCollector {
  readonly #viewers = new Set<Viewer>();
  #picture = new QueuePicture();
  #lastEventId: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    private readonly queue: CollectedQueue,
    private readonly everyMs = intervalMs,
  ) {}

  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  /** @returns what ends it */
  watch(viewer: Viewer): () => void {
    if (this.#isClosed) return () => undefined;
    const isFirst = !this.isWatched;
    this.#viewers.add(viewer);
    const state = isFirst ? undefined : this.#picture.all();
    if (state !== undefined) viewer({ kind: 'state', state });
    if (isFirst) this.#begin();
    return () => {
      this.#viewers.delete(viewer);
      if (!this.isWatched) clearTimeout(this.#timer);
    };
  }

  /** Returns when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#viewers.clear();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** What was seen earlier has gaps: the event stream tells what happened meanwhile. */
  #begin(): void {
    const picture = (this.#picture = new QueuePicture());
    this.#lastEventId = undefined;
    clearTimeout(this.#timer);
    this.#looking = Promise.resolve(this.#looking).then(() => this.#look(picture));
  }

  /** Never rejects. */
  async #look(picture: QueuePicture): Promise<void> {
    if (!this.isWatched || picture !== this.#picture) return;
    try {
      const isFirst = picture.all() === undefined;
      const [overview, stats] = await Promise.all([
        readOverview(this.queue.context),
        this.queue.queueService.getQueueStats(),
      ]);
      const since = this.#lastEventId ?? String(Math.max(0, overview.now - windowMs));
      const recent = await readRecentEvents(this.queue.context, since);
      this.#lastEventId = recent.lastId;
      const changes = picture.apply({ overview, stats, recent });
      const state = isFirst ? (picture.all() ?? changes) : changes;
      if (picture === this.#picture) this.#show({ kind: 'state', state });
    } catch (error) {
      if (picture === this.#picture)
        this.#show({ kind: 'trouble', error: isError(error) ? error.name : 'Error' });
    }
    if (!this.isWatched || picture !== this.#picture) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(picture);
    }, this.everyMs);
  }

  #show(sighting: Sighting): void {
    for (const viewer of this.#viewers) viewer(sighting);
  }
}

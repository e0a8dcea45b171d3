import type { QueueStats } from '../../producer/queue-stats.js';
import { BatchTimeline, type BatchView } from './batch-timeline.js';
import { Incidents, type IncidentView } from './incidents.js';
import type { LeaderView, Overview, TagView, WorkerView } from './overview.js';
import type { RecentEvents } from './recent-events.js';
import { Silence } from './silence.js';
import { TaskRates, type RateView } from './task-rates.js';

/** How far back the dashboard looks. */
export const windowMs = 600_000;
const rateSpanMs = 2_000;

export type SilentFor = { readonly silentForMs: number };

/** The state of a queue as it is sent to viewers: all of it, or what has changed since the last one. */
export interface PictureUpdate {
  readonly complete: boolean;
  /** By Redis' clock, ms since the epoch. */
  readonly now: number;
  readonly stats: QueueStats;
  readonly leader: (LeaderView & SilentFor) | null;
  readonly workers: readonly (WorkerView & SilentFor)[];
  readonly tags: readonly TagView[];
  readonly tagCounts: Overview['tagCounts'];
  readonly batches: readonly BatchView[];
  readonly rates: readonly RateView[];
  readonly rateSpanMs: number;
  readonly windowMs: number;
  /** From when on events are known, ms since the epoch. */
  readonly knownSince: number;
  /** Whether events come faster than they are read: counts are estimates. */
  readonly estimated: boolean;
  /** The latest first; missing where there are no new ones. */
  readonly incidents?: readonly IncidentView[];
}

/** One reading of a queue. */
export interface Reading {
  readonly overview: Overview;
  readonly stats: QueueStats;
  readonly recent: RecentEvents;
}

type Present = Omit<PictureUpdate, 'complete' | 'batches' | 'rates' | 'incidents'>;

/** What is known of a queue, put together from readings. */
export class QueuePicture {
  readonly #timeline = new BatchTimeline(windowMs);
  readonly #rates = new TaskRates(windowMs, rateSpanMs);
  readonly #incidents = new Incidents();
  readonly #silence = new Silence();
  #present: Present | undefined;
  #lastAt = 0;

  /** @returns what has changed */
  apply({ overview, stats, recent }: Reading): PictureUpdate {
    const { now, leader, workers } = overview;
    const knownSince = this.#present?.knownSince ?? recent.completeSince;
    const isPartial = this.#present !== undefined && recent.completeSince > this.#lastAt;
    // What was read stands for what was left out.
    const weight = isPartial
      ? Math.max(1, (now - this.#lastAt) / Math.max(1, now - recent.completeSince))
      : 1;
    for (const event of recent.events) {
      this.#timeline.apply(event, recent.completeSince);
      this.#rates.apply(event, weight);
      this.#incidents.apply(event);
    }
    this.#timeline.reconcile(workers, recent.completeSince, now);
    this.#rates.forget(now);
    this.#lastAt = recent.events.at(-1)?.at ?? Math.max(this.#lastAt, recent.completeSince);
    this.#present = {
      ...{ now, stats, rateSpanMs, windowMs, knownSince, estimated: isPartial },
      ...{ tags: overview.tags, tagCounts: overview.tagCounts },
      ...this.#withSilence(leader, workers, now),
    };
    const incidents = this.#incidents.takeChanges();
    return {
      ...this.#present,
      complete: false,
      batches: this.#timeline.takeChanges(),
      rates: this.#rates.takeChanges(),
      ...(incidents && { incidents }),
    };
  }

  /** All of it; nothing before the first reading. */
  all(): PictureUpdate | undefined {
    if (this.#present === undefined) return undefined;
    return {
      ...this.#present,
      complete: true,
      batches: this.#timeline.all(),
      rates: this.#rates.all(),
      incidents: this.#incidents.all(),
    };
  }

  #withSilence(
    leader: LeaderView | null,
    workers: readonly WorkerView[],
    now: number,
  ): Pick<Present, 'leader' | 'workers'> {
    const leaderId = leader === null ? '' : `leader ${leader.nodeId} ${leader.since}`;
    const all = workers.map(({ workerId: id, heartbeats, lastHeartbeat }) => ({
      id,
      heartbeats,
      lastHeartbeat,
    }));
    if (leader !== null) all.push({ ...leader, id: leaderId });
    const silentFor = this.#silence.note(all, now);
    return {
      leader: leader && { ...leader, silentForMs: silentFor.get(leaderId) ?? 0 },
      workers: workers.map((one) => ({ ...one, silentForMs: silentFor.get(one.workerId) ?? 0 })),
    };
  }
}

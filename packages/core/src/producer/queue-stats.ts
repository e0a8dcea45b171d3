/**
 * The numbers of a queue at one moment.
 *
 * @publicApi
 */
export interface QueueStats {
  /** Every task that is due and not yet running, wherever it is: added, indexed by its tag, dispatched, or in a back-off. */
  waiting: number;
  active: number;
  /** Not due yet. */
  delayed: number;
  /** Finished tasks that are kept; retention removes the oldest. */
  completed: number;
  failed: number;
  /** Whether the whole queue is paused. */
  paused: boolean;
  /** Tags that have tasks and no worker: ready, in a back-off, or paused. */
  tagsWaiting: number;
  /** Tags that have a worker, as its batch or as its look-ahead. */
  tagsBound: number;
  workersIdle: number;
  workersRunning: number;
}

/**
 * What there is of one tag.
 *
 * @publicApi
 */
export interface TagStats {
  identifyTag: string;
  /** Indexed or dispatched, not yet running. Tasks that the leader has not taken in yet are not counted. */
  waiting: number;
  active: number;
  /** Ids of the workers that have the tag. */
  boundTo: string[];
  paused: boolean;
  /** End of the back-off after a failed attempt, ms since the epoch by Redis' clock; `null` when the tag is in none. */
  parkedUntil: number | null;
}

type QueueStatsReply = [
  waiting: number,
  active: number,
  delayed: number,
  completed: number,
  failed: number,
  paused: 0 | 1,
  tagsWaiting: number,
  tagsBound: number,
  workersIdle: number,
  workers: number,
];

export function decodeQueueStats(reply: unknown): QueueStats {
  const [waiting, active, delayed, completed, failed, paused, tagsWaiting, tagsBound, workersIdle, workers] =
    reply as QueueStatsReply;
  return {
    waiting,
    active,
    delayed,
    completed,
    failed,
    paused: paused === 1,
    tagsWaiting,
    tagsBound,
    workersIdle,
    workersRunning: workers - workersIdle,
  };
}

export function decodeTagStats(identifyTag: string, reply: unknown): TagStats {
  const [waiting, active, paused, parkedUntil, ...boundTo] = reply as [
    number,
    number,
    0 | 1,
    number,
    ...string[],
  ];
  return {
    identifyTag,
    waiting,
    active,
    boundTo: [...new Set(boundTo)],
    paused: paused === 1,
    parkedUntil: parkedUntil < 0 ? null : parkedUntil,
  };
}

/**
 * A tag that has tasks or workers.
 *
 * @publicApi
 */
export interface TagOverview {
  identifyTag: string;
  /** `bound`: it has a worker; `ready`: it waits for one; `parked`: it waits out a back-off. */
  state: 'bound' | 'ready' | 'parked' | 'paused';
  /** Its tasks that are taken in and not running, wherever they are. */
  waiting: number;
  running: number;
  /** When the first of its tasks that no worker has was added: ms since the epoch by the producer's clock. */
  waitingSince: number | null;
  /** End of its back-off: ms since the epoch by Redis' clock. */
  parkedUntil: number | null;
  boundTo: string[];
}

type Row = [string, number, number, number, 0 | 1, string, string, string];

/** Those with the most waiting tasks first. */
export function decodeTags(reply: unknown): TagOverview[] {
  const tags = (reply as Row[]).map(
    ([identifyTag, waiting, dispatched, running, paused, parked, since, owners]) => {
      const boundTo = owners === '' ? [] : owners.split(' ');
      const parkedUntil = Number(parked) < 0 ? null : Number(parked);
      const held = parkedUntil === null ? 'ready' : 'parked';
      const state: TagOverview['state'] = paused === 1 ? 'paused' : boundTo.length > 0 ? 'bound' : held;
      const waitingSince = Number(since) > 0 ? Number(since) : null;
      return {
        identifyTag,
        state,
        waiting: waiting + dispatched,
        running,
        waitingSince,
        parkedUntil,
        boundTo,
      };
    },
  );
  return tags.sort(byWaiting);
}

/** Those with the most waiting tasks first. */
export function byWaiting(one: TagOverview, other: TagOverview): number {
  return other.waiting - one.waiting;
}

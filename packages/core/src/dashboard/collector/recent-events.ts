import type { QueueContext } from '../../redis/queue-context.js';

/** An entry of the event stream, as far as the dashboard needs it. */
export interface RecentEvent {
  readonly id: string;
  /** ms since the epoch, by Redis' clock. */
  readonly at: number;
  readonly name: string;
  readonly values: readonly string[];
}

export interface RecentEvents {
  /** The oldest first. */
  readonly events: readonly RecentEvent[];
  /** From when on everything is there: ms since the epoch. */
  readonly completeSince: number;
  /** Id of the latest entry; the given one where there is none. */
  readonly lastId: string;
}

const pageSize = 500;
const pageBytes = 1_000_000;
/** In one reading: at higher rates the dashboard shows the latest part of every second. */
const maxPages = 5;

/**
 * Reads what was appended to the event stream, from the newest backwards, up to a bound: while events come faster than a
 * dashboard needs to know, it has the latest ones.
 *
 * @param since - id of the latest entry that is known, or a time in ms
 */
export async function readRecentEvents(
  { scripts }: Pick<QueueContext, 'scripts'>,
  since: string,
): Promise<RecentEvents> {
  const oldest = since.includes('-') ? `(${since}` : since;
  const newestFirst: RecentEvent[] = [];
  let newest = '+';
  let stoppedAt = '';
  for (let page = 0; page < maxPages; page += 1) {
    const args = [newest, oldest, pageSize, pageBytes];
    const [next, ...entries] = (await scripts.run('getRecentEvents', { args })) as [string, ...string[][]];
    for (const [id = '', name = '', ...values] of entries)
      newestFirst.push({ id, at: timeOf(id), name, values });
    stoppedAt = next;
    if (next === '') break;
    newest = `(${next}`;
  }
  return {
    events: newestFirst.reverse(),
    completeSince: timeOf(stoppedAt === '' ? since : stoppedAt),
    lastId: newestFirst.at(-1)?.id ?? since,
  };
}

/** An id begins with the time. */
function timeOf(id: string): number {
  return Number(id.split('-')[0]);
}

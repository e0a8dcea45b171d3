import type { Timeline } from '../history/timeline.js';
import { stoodStillMs } from '../history/stalls.js';
import { leaseMs } from '../stage/lease.js';

/**
 * Workers that were taken for dead, where nobody is ended: whoever it was lived. But for one whose process the machine let
 * stand still for the better part of a lease just before: nobody heard of it.
 *
 * @param before - what comes later is not judged; microseconds
 */
export function declaredDead(timeline: Timeline, before = Number.POSITIVE_INFINITY): string[] {
  return timeline.of('worker.recovered').flatMap(({ worker, sentAt, at }) => {
    if (at >= before) return [];
    const node = worker.slice(0, worker.lastIndexOf('-'));
    const stood = stoodStillMs(timeline.stalled, new Set([node]), sentAt - 2 * leaseMs * 1_000, at);
    return stood > leaseMs / 2 ? [] : [`${worker} was declared dead and lived`];
  });
}

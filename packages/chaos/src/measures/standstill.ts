import type { Timeline } from '../history/timeline.js';
import { stoodStillMs } from '../history/stalls.js';

/**
 * The longest time, ms, for which each tag had a task to run and ran none: from the moment that the task was acknowledged, or
 * that its tag's task before it ended, to its start. Less the time for which the machine let one of those stand still whom the
 * tag waited for: who had run its task before, who leads, who runs the next one.
 */
export function standstills(timeline: Timeline): Map<string, number> {
  const acknowledged = new Map<string, number>();
  const ended = new Map<string, { at: number; process: string }>();
  const started = new Set<string>();
  const longest = new Map<string, number>();
  for (const record of timeline.records) {
    if (record.type === 'add.acknowledged') {
      if (!acknowledged.has(record.task)) acknowledged.set(record.task, record.at);
    } else if (record.type === 'task.ended' && record.tag !== undefined) ended.set(record.tag, record);
    else if (record.type === 'task.started' && record.tag !== undefined && !started.has(record.task)) {
      started.add(record.task);
      const before = ended.get(record.tag);
      // A task can start before its producer hears that it was added.
      const since = Math.max(acknowledged.get(record.task) ?? record.at, before?.at ?? 0);
      const waitedFor = [record.process, before?.process, ...leaders(timeline, since, record.at)];
      const excused = stoodStillMs(timeline.stalled, new Set(waitedFor.filter(isKnown)), since, record.at);
      const stood = (record.at - since) / 1_000 - excused;
      longest.set(record.tag, Math.max(longest.get(record.tag) ?? 0, stood));
    }
  }
  return longest;
}

/** Whoever led in that time. */
function leaders(timeline: Timeline, from: number, until: number): string[] {
  if (timeline.stalled.length === 0) return [];
  const gained = timeline.of('leadership.gained').filter(({ at }) => at < until);
  const first = Math.max(
    0,
    gained.findLastIndex(({ at }) => at <= from),
  );
  return gained.slice(first).map(({ process }) => process);
}

function isKnown(process: string | undefined): process is string {
  return process !== undefined;
}

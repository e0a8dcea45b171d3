import type { Timeline } from '../history/timeline.js';

/**
 * The longest time, ms, for which each tag had a task to run and ran none: from the moment that the task was acknowledged, or
 * that its tag's task before it ended, to its start.
 */
export function standstills(timeline: Timeline): Map<string, number> {
  const acknowledged = new Map<string, number>();
  const ended = new Map<string, number>();
  const started = new Set<string>();
  const longest = new Map<string, number>();
  for (const record of timeline.records) {
    if (record.type === 'add.acknowledged') {
      if (!acknowledged.has(record.task)) acknowledged.set(record.task, record.at);
    } else if (record.type === 'task.ended' && record.tag !== undefined) ended.set(record.tag, record.at);
    else if (record.type === 'task.started' && record.tag !== undefined && !started.has(record.task)) {
      started.add(record.task);
      // A task can start before its producer hears that it was added.
      const since = Math.max(acknowledged.get(record.task) ?? record.at, ended.get(record.tag) ?? 0);
      longest.set(record.tag, Math.max(longest.get(record.tag) ?? 0, (record.at - since) / 1_000));
    }
  }
  return longest;
}

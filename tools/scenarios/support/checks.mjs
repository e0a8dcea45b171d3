/** What the run logs must show, computed from outside the library. Each check returns its findings; none is good. */
import { byTag, groupBy, toBatches } from './attempts.mjs';

/** Two attempts of one tag at the same moment. */
export function findOverlaps(attempts) {
  const overlaps = [];
  for (const list of byTag(attempts).values()) {
    let latest = list[0];
    for (const attempt of list.slice(1)) {
      if (attempt.startMs < latest.endMs) overlaps.push([latest, attempt]);
      if (attempt.endMs > latest.endMs) latest = attempt;
    }
  }
  return overlaps;
}

/**
 * Attempts that did not start in their turn. In its turn is: the task after the last one started, or that last one
 * once more because its attempt failed or its process died.
 *
 * @param {Set<number>} [dead] ids of the processes that were killed
 */
export function findDisorder(attempts, dead = new Set()) {
  const disorder = [];
  for (const list of byTag(attempts).values()) {
    let last = { sequence: 0, outcome: 'completed' };
    for (const attempt of list) {
      const next = attempt.sequence === last.sequence + 1 && last.outcome === 'completed';
      const again = attempt.sequence === last.sequence && isReRunExplained(last, dead);
      if (!next && !again) disorder.push([last, attempt]);
      if (attempt.sequence >= last.sequence) last = attempt;
    }
  }
  return disorder;
}

/**
 * Tasks that ran again although their earlier attempt completed and its process lived on.
 *
 * @param {Set<number>} [dead] ids of the processes that were killed
 */
export function findRepeats(attempts, dead = new Set()) {
  const runs = groupBy(attempts, ({ taskId }) => taskId).values();
  return [...runs].filter((list) => list.slice(0, -1).some((earlier) => !isReRunExplained(earlier, dead)));
}

/** Attempts that were run again because their process was killed. */
export function findReRuns(attempts, dead) {
  const runs = groupBy(attempts, ({ taskId }) => taskId).values();
  return [...runs].filter((list) => list.slice(0, -1).some(({ pid }) => dead.has(pid)));
}

/** A task whose process died may run again even though its handler had ended: its commit may not have arrived. */
function isReRunExplained({ outcome, pid }, dead) {
  return outcome === 'failed' || outcome === 'died' || dead.has(pid);
}

/** Task ids that were added and have no completed attempt. */
export function findMissing(taskIds, attempts) {
  const done = new Set(attempts.filter(({ outcome }) => outcome === 'completed').map(({ taskId }) => taskId));
  return taskIds.filter((id) => !done.has(id));
}

/** Task ids that ran and were never added. */
export function findUnknown(taskIds, attempts) {
  const known = new Set(taskIds);
  return [...new Set(attempts.map(({ taskId }) => taskId))].filter((id) => !known.has(id));
}

/** Batches with more tasks than allowed. */
export function findLongBatches(attempts, maxBatchSize) {
  return toBatches(attempts).filter((batch) => batch.length > maxBatchSize);
}

/**
 * The moment at which most workers ran at once, each on a tag of its own.
 *
 * @returns {{ workers: Set<string>, tags: Set<string>, atMs: number }}
 */
export function findBusiestMoment(attempts) {
  const edges = attempts
    .filter(({ endMs }) => endMs !== Infinity)
    .flatMap((attempt) => [
      { atMs: attempt.startMs, change: 1, attempt },
      { atMs: attempt.endMs, change: -1, attempt },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.change - b.change);
  const running = new Set();
  let busiest = { workers: new Set(), tags: new Set(), atMs: 0 };
  for (const { atMs, change, attempt } of edges) {
    if (change === 1) running.add(attempt);
    else running.delete(attempt);
    const workers = new Set([...running].map(({ worker }) => worker));
    const tags = new Set([...running].map(({ tag }) => tag));
    if (Math.min(workers.size, tags.size) > Math.min(busiest.workers.size, busiest.tags.size)) {
      busiest = { workers, tags, atMs };
    }
  }
  return busiest;
}

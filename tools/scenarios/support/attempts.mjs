/**
 * @typedef {object} Attempt one run of one task by one worker
 * @property {string} taskId
 * @property {string} type
 * @property {string} tag
 * @property {number} sequence position of the task among those of its tag, from 1
 * @property {number} attempt
 * @property {string} worker
 * @property {string} instance
 * @property {number} pid
 * @property {number} batchPosition
 * @property {number} fencingToken
 * @property {number} startMs monotonic
 * @property {number} endMs monotonic; Infinity while it runs
 * @property {'completed' | 'failed' | 'died' | 'running'} outcome `died`: its process was killed while it ran
 */

/**
 * Pairs the lines of the run logs. An attempt whose process died counts as ended at its death.
 *
 * @param {import('./run-log.mjs').RunLogLine[]} lines
 * @param {Map<number, number>} [deaths] process id → monotonic milliseconds of its death
 * @returns {Attempt[]} ordered by start
 */
export function toAttempts(lines, deaths = new Map()) {
  const open = new Map();
  const attempts = [];
  // Within one process the lines are in order; across processes a pair never mixes.
  for (const { event, outcome, monotonicMs, ...identity } of lines) {
    const key = `${identity.pid} ${identity.worker} ${identity.taskId}`;
    if (event === 'started') {
      const attempt = { ...identity, startMs: monotonicMs, endMs: Infinity, outcome: 'running' };
      open.set(key, attempt);
      attempts.push(attempt);
    } else {
      Object.assign(open.get(key), { endMs: monotonicMs, outcome });
      open.delete(key);
    }
  }
  for (const attempt of open.values()) {
    const deathMs = deaths.get(attempt.pid);
    if (deathMs !== undefined) Object.assign(attempt, { endMs: deathMs, outcome: 'died' });
  }
  return attempts.sort((a, b) => a.startMs - b.startMs);
}

/** @returns {Map<string, Attempt[]>} */
export function byTag(attempts) {
  return groupBy(attempts, ({ tag }) => tag);
}

/**
 * A batch is what one worker runs of one tag between bind and release; each bind has its own fencing token.
 *
 * @returns {Attempt[][]} ordered by start
 */
export function toBatches(attempts) {
  return [
    ...groupBy(attempts, ({ worker, tag, fencingToken }) => `${worker} ${fencingToken} ${tag}`).values(),
  ];
}

export function groupBy(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

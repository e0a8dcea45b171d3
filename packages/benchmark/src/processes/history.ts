import type { Run } from './messages.js';

export interface HistoryFaults {
  /** Runs of one tag that were under way at the same moment. */
  readonly overlaps: number;
  /** Runs that began after a later task of their tag. */
  readonly disorder: number;
  readonly missing: number;
  readonly repeated: number;
}

/** Checks what all instances together did against what was added: tasks 0 … `expected` - 1. */
export function findFaults(runs: readonly Run[], expected: number): HistoryFaults {
  const timesRun = new Uint32Array(expected);
  const byTag = new Map<string, Run[]>();
  for (const run of runs) {
    const [n, tag] = run;
    timesRun[n] = (timesRun[n] ?? 0) + 1;
    const ofTag = byTag.get(tag);
    if (ofTag) ofTag.push(run);
    else byTag.set(tag, [run]);
  }
  let overlaps = 0;
  let disorder = 0;
  for (const ofTag of byTag.values()) {
    ofTag.sort(([, , a], [, , b]) => a - b);
    let latestEnd = Number.NEGATIVE_INFINITY;
    let latestTask = -1;
    for (const [n, , startMicros, endMicros] of ofTag) {
      if (startMicros < latestEnd) overlaps += 1;
      if (n < latestTask) disorder += 1;
      latestEnd = Math.max(latestEnd, endMicros);
      latestTask = Math.max(latestTask, n);
    }
  }
  return {
    overlaps,
    disorder,
    missing: timesRun.filter((times) => times === 0).length,
    repeated: timesRun.filter((times) => times > 1).length,
  };
}

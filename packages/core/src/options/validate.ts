import type { ResolveContext, Sourced } from './resolve-context.js';

type Interval = Sourced<number> | undefined;

/** The times of the election that were readable; one that was not has its own problem already. */
export interface ElectionTimes {
  readonly electionLockTtlMs: Interval;
  readonly heartbeatIntervalMs: Interval;
  readonly heartbeatTimeoutMs: Interval;
}

/** What lives by heartbeats must outlive the time between two of them, and better a lost one too. */
export function checkElectionTimes(context: ResolveContext, times: ElectionTimes): void {
  const interval = times.heartbeatIntervalMs;
  if (interval === undefined) return;
  // What a feature inherits has been warned about already.
  const warns = context.root === undefined || Object.keys(context.groups.electionOptions).length > 0;
  for (const lease of [times.electionLockTtlMs, times.heartbeatTimeoutMs]) {
    if (lease === undefined) continue;
    if (lease.value <= interval.value) {
      const allowed = `more than ${interval.source} (${interval.value} ms)`;
      context.problems.add(lease.source, lease.value, allowed);
    } else if (warns && lease.value < 2 * interval.value) {
      context.warnings.push({
        message: 'leaseTooShort',
        params: { option: lease.source, valueMs: lease.value, heartbeatIntervalMs: interval.value },
      });
    }
  }
}

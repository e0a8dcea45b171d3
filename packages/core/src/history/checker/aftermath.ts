import type { RecordFields } from '../records.js';
import { lastsForMs } from './fault-kinds.js';

/** What I8 allows beyond the lease of a leader that crashed, and beyond the heartbeats of a worker. */
export const crashSlackMs = 500;
export const recoverySlackMs = 1_000;

/** How long a queue believes in a leader and in a worker of which nothing is heard. @publicApi */
export type Leases = Pick<RecordFields['queue.opened'], 'lockTtlMs' | 'heartbeatTimeoutMs'>;

/**
 * How long after a fault everything is as if it had not been, ms: whoever led has lost the lock and another one leads, and
 * after that the workers are given up of which nothing was heard. It is what I8 itself allows for both. Who measures failures that
 * come alone waits so long before each.
 *
 * @publicApi
 */
export function aftermathMs({ lockTtlMs, heartbeatTimeoutMs }: Leases): number {
  return lockTtlMs + crashSlackMs + heartbeatTimeoutMs + recoverySlackMs;
}

/** How a process that was told to stop did so. */
export interface Stop {
  /** How long it still did something. */
  readonly tookMs: number;
  /** It closed its history: it had given back everything that it held. */
  readonly isClosed: boolean;
}

/**
 * How long a fault is felt from its beginning, ms: as long as it lasts, and its aftermath. Two failures come together where
 * one is felt while the other one is. One that lasts for good is felt for good; of a killed process nothing is left to feel when
 * its leases are over, and of one that stopped cleanly nothing at all.
 *
 * @param stop - of the process that was told to stop
 */
export function feltForMs(
  fault: Pick<RecordFields['fault'], 'kind' | 'durationMs'>,
  leases: Leases,
  stop?: Stop,
): number {
  if (fault.kind === 'terminate' && stop !== undefined)
    return stop.isClosed ? stop.tookMs : stop.tookMs + aftermathMs(leases);
  return lastsForMs(fault) + aftermathMs(leases);
}

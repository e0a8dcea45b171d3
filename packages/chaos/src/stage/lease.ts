import type { QueueModuleOptions } from 'nestjs-affinity-queue';
import { aftermathMs as aftermathOf } from 'nestjs-affinity-queue/history';

/** Short leases, so that many faults fit into a minute; long enough for a machine that others use too. */
export const leaseMs = 1_000;

export const electionOptions = {
  electionLockTtl: leaseMs,
  heartbeatInterval: 200,
  heartbeatTimeout: leaseMs,
  // Each process stands for a host of its own.
  watchLocalProcesses: false,
} as const satisfies QueueModuleOptions['electionOptions'];

/** How long the checker takes a fault for felt that is over at once, by these leases. */
export const aftermathMs = aftermathOf({ lockTtlMs: leaseMs, heartbeatTimeoutMs: leaseMs });

/** How long a fault may last, in leases: well within one, just beyond it, and far beyond it. */
export const spans = [0.5, 1.1, 3] as const;

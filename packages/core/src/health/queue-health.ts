import type { QueueRole } from '../domain/roles.js';
import type { LeaderInfo } from '../election/leader-info.js';

/** What can be checked. @publicApi */
export const healthChecks = ['redis', 'leader', 'workers', 'waiting'] as const;

/** One of {@link healthChecks}. @publicApi */
export type HealthCheckName = (typeof healthChecks)[number];

/**
 * What is wrong with a queue, for programs:
 *
 * - `redis-unreachable`: Redis did not answer in time
 * - `no-leader`: nobody leads, so nothing is assigned
 * - `leader-silent`: the leader has shown no sign of life for `heartbeatTimeout`
 * - `worker-lease-lost`: a worker of this instance may not run tasks, because no heartbeat of it got through; while Redis is
 *   unreachable this follows from that, and does not count for the check `workers`
 * - `tag-waits-too-long`: a tag has waited for a worker for longer than `maxTagWait`
 *
 * @publicApi
 */
export type HealthProblem =
  'redis-unreachable' | 'no-leader' | 'leader-silent' | 'worker-lease-lost' | 'tag-waits-too-long';

/** @publicApi */
export type HealthStatus = 'up' | 'down';

/** The leader, as seen by this instance. @publicApi */
export interface LeaderHealth extends Pick<LeaderInfo, 'nodeId' | 'epoch' | 'startTime' | 'lastHeartbeat'> {
  /** Whether this instance leads. */
  readonly isSelf: boolean;
  /** How long (ms) it has led, by Redis' clock. */
  readonly ageMs: number;
  /** For how long (ms) this instance has not seen a heartbeat of it, by its own clock. */
  readonly silentForMs: number;
}

/** The health of one queue, as one instance sees it. @publicApi */
export interface QueueHealth {
  /** `down` when one of the checks that were asked for has found a problem. */
  readonly status: HealthStatus;
  readonly queue: string;
  readonly nodeId: string;
  readonly role: QueueRole;
  /** All that is wrong, also where it was not asked for. */
  readonly problems: readonly HealthProblem[];
  readonly redis: { readonly status: HealthStatus; readonly latencyMs: number; readonly error?: string };
  /** `null`: there is none, or Redis does not answer. */
  readonly leader: LeaderHealth | null;
  /** Workers of this instance: how many there should be, and how many may run tasks. */
  readonly workers: { readonly expected: number; readonly ready: number };
  /** The tag that has waited longest for a worker (ms); `null` where none waits, or Redis does not answer. */
  readonly oldestWaitingTag: { readonly identifyTag: string; readonly waitingMs: number } | null;
}

/** The health of all queues of an application. @publicApi */
export interface ApplicationHealth {
  readonly status: HealthStatus;
  /** By the names of the pending queues. */
  readonly queues: Readonly<Record<string, QueueHealth>>;
}

/** Which checks decide on the status of what. */
export const checkOf: Readonly<Record<HealthProblem, HealthCheckName>> = {
  'redis-unreachable': 'redis',
  'no-leader': 'leader',
  'leader-silent': 'leader',
  'worker-lease-lost': 'workers',
  'tag-waits-too-long': 'waiting',
};

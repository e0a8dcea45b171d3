import type { ResolvedQueueOptions } from '../options/resolved-options.js';

/** BullMQ's key prefix. Queues are told apart by their names, so it is not an option. */
export const bullPrefix = 'bull';

/** Version of the layout of our keys. */
export const layoutVersion = '1';

/** Every key of a queue that TypeScript needs by name; the Lua scripts derive the rest from the two bases. */
export interface QueueKeys {
  /** `bull:<pendingQueueName>:`, in front of every key of the pending queue. */
  readonly base: string;
  /** `bull:<workerQueuePrefix>-`, in front of every key of a worker queue. */
  readonly workerBase: string;
  readonly electionLock: string;
  readonly electionEpoch: string;
  readonly electionVacancy: string;
  readonly leaderInfo: string;
  readonly workerRegistry: string;
  readonly control: string;
  readonly beats: string;
  /** Where a leader that should resign finds its lock value. */
  readonly resignRequests: string;
  /** Wakes the recovery of the leader: somebody has seen a process die. */
  readonly deaths: string;
  /** BullMQ's marker, which every add sets and the leader waits on. */
  readonly marker: string;
  /**
   * Layout version and name of the worker queues. Instances that differ in it would not see each other's workers, so the
   * first one writes it down and others refuse to join.
   */
  readonly layout: string;
  workerState(workerId: string): string;
  workerMeta(workerId: string): string;
  /** Worker id → process, of the workers on one host. */
  processesOf(host: string): string;
}

const defaultPendingQueueName = 'pending-tasks';

/**
 * The one function that builds key names.
 *
 * The default queue has the documented names `scheduler:election:lock`, `scheduler:leader:info` and
 * `scheduler:worker:registry`; any other queue has its own name in them, so that two applications on one Redis never
 * elect across each other.
 */
export function queueKeys(
  options: Pick<ResolvedQueueOptions, 'pendingQueueName' | 'workerQueuePrefix' | 'workerStatePrefix'>,
): QueueKeys {
  const { pendingQueueName, workerQueuePrefix, workerStatePrefix } = options;
  const base = `${bullPrefix}:${pendingQueueName}:`;
  const workerBase = `${bullPrefix}:${workerQueuePrefix}-`;
  const scheduler =
    pendingQueueName === defaultPendingQueueName ? 'scheduler:' : `scheduler:${pendingQueueName}:`;
  return Object.freeze({
    base,
    workerBase,
    electionLock: `${scheduler}election:lock`,
    electionEpoch: `${scheduler}election:epoch`,
    electionVacancy: `${scheduler}election:vacancy`,
    leaderInfo: `${scheduler}leader:info`,
    workerRegistry: `${scheduler}worker:registry`,
    control: `${base}aff:ctl`,
    beats: `${base}aff:beats`,
    deaths: `${base}aff:deaths`,
    resignRequests: `${base}aff:resign`,
    marker: `${base}marker`,
    layout: `${layoutVersion}:${workerQueuePrefix}`,
    workerState: (workerId: string) => `${workerStatePrefix}:${workerId}`,
    workerMeta: (workerId: string) => `${workerBase}${workerId}:meta`,
    processesOf: (host: string) => `${base}aff:host:${host}`,
  });
}

/** What an instance waits on: one zset for all its workers, one that interrupts the wait of its leaders. */
export function instanceKeys(nodeId: string): { readonly workers: string; readonly interrupt: string } {
  return {
    workers: `scheduler:instance:${nodeId}:wake`,
    interrupt: `scheduler:instance:${nodeId}:interrupt`,
  };
}

/** A pattern of keys that the user of a queue needs, and a key that it covers. */
export interface KeyPattern {
  readonly pattern: string;
  readonly key: string;
}

/** What a queue touches in Redis, as patterns for its user's rules. A producer's own work stays with the first two. */
export function keyPatterns(
  options: Pick<
    ResolvedQueueOptions,
    'pendingQueueName' | 'workerQueuePrefix' | 'workerStatePrefix' | 'role'
  >,
): KeyPattern[] {
  const keys = queueKeys(options);
  const ofAll = [
    { pattern: `${keys.base}*`, key: keys.control },
    { pattern: 'scheduler:*', key: keys.electionLock },
  ];
  if (options.role === 'PRODUCER') return ofAll;
  return [
    ...ofAll,
    { pattern: 'scheduler:*', key: instanceKeys('check').workers },
    { pattern: `${keys.workerBase}*`, key: keys.workerMeta('check') },
    { pattern: `${options.workerStatePrefix}:*`, key: keys.workerState('check') },
  ];
}

import { IncompatibleBullMQError } from '../errors/errors.js';

/** What the checks look at. */
export interface BullMQInternals {
  readonly version: string;
  /** `RedisQueueBackend.prototype` */
  readonly backend: object;
  /** The keys of a queue, by their names. */
  readonly keys: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, { readonly content: string; readonly keys: number } | undefined>>;
}

const expected = '^6.7';
const supported = { major: 6, minor: 7 };

/** Methods of BullMQ's backend that ours override. */
export const overriddenMethods = [
  'addJobScheduler',
  'addJobToTransaction',
  'addLog',
  'changePriority',
  'cleanJobsByState',
  'disconnectBlocking',
  'drain',
  'execCommand',
  'extendLock',
  'extendLocks',
  'getClientList',
  'getCountsPerPriority',
  'getJobs',
  'getRanges',
  'isJobInState',
  'moveJobFromActiveToWait',
  'moveStalledJobsToWait',
  'moveToActive',
  'moveToCompleted',
  'moveToDelayed',
  'moveToFailed',
  'moveToWaitingChildren',
  'obliterate',
  'pause',
  'reconnectBlocking',
  'removeOrphanedJobs',
  'removeQueueMetaFields',
  'retryJob',
  'setQueueMeta',
  'updateData',
  'updateProgress',
] as const;

/** Methods of BullMQ's backend that ours call. */
const calledMethods = [
  'clientName',
  'finishedErrors',
  'getCounts',
  'getRateLimitTtl',
  'getState',
  'isFinished',
  'moveToCompletedArgs',
  'moveToDelayedArgs',
  'moveToFailedArgs',
  'moveToWaitingChildrenArgs',
  'pauseArgs',
  'remove',
  'removeArgs',
  'toKey',
] as const;

/** Keys of BullMQ that the Lua scripts name. */
const requiredKeys = [
  'active',
  'completed',
  'delayed',
  'events',
  'failed',
  'limiter',
  'marker',
  'meta',
  'prioritized',
  'repeat',
  'wait',
] as const;

/** BullMQ's scripts that run inside ours, with the number of keys that ours pass to them. */
export const embeddedScripts: Readonly<Record<string, number>> = {
  addJobScheduler: 11,
  addLog: 2,
  cleanJobsInSet: 3,
  drain: 5,
  getCounts: 1,
  getStateV2: 8,
  moveToDelayed: 11,
  moveToFinished: 14,
  moveToWaitingChildren: 7,
  pause: 7,
  removeJob: 2,
  removeJobScheduler: 3,
  removeUnprocessedChildren: 2,
  reprocessJob: 9,
  updateData: 1,
  updateJobScheduler: 12,
  updateProgress: 3,
};

/**
 * Makes sure that the installed BullMQ has what this library overrides, calls, names and embeds.
 *
 * @throws {@link IncompatibleBullMQError}
 */
export function assertCompatibleBullMQ(found: BullMQInternals): void {
  const missing = missingPart(found);
  if (missing === undefined) return;
  throw new IncompatibleBullMQError({ found: `${found.version}${missing}`, expected });
}

function missingPart({ version, backend, keys, scripts }: BullMQInternals): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== supported.major || minor < supported.minor) return '';
  const methods: Readonly<Record<string, unknown>> = backend as Record<string, unknown>;
  for (const method of [...overriddenMethods, ...calledMethods]) {
    if (typeof methods[method] !== 'function') return ` without the method ${method} of its backend`;
  }
  for (const key of requiredKeys) {
    if (keys[key]?.endsWith(`:${key}`) !== true) return ` without the key "${key}"`;
  }
  for (const [name, numberOfKeys] of Object.entries(embeddedScripts)) {
    const script = scripts[name];
    if (script === undefined) return ` without the script ${name}`;
    if (script.keys !== numberOfKeys)
      return `, whose script ${name} has ${script.keys} keys and not ${numberOfKeys},`;
  }
  return undefined;
}

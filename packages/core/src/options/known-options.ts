import { isRecord } from '../domain/task-option-rules.js';
import { nearest } from './nearest.js';
import type { ProblemList } from './problems.js';
import { passedThroughRedisOptions } from './redis-connection-options.js';

/** The options at the top level. */
export const moduleOptionKeys = [
  'role',
  'workerOptions',
  'redisOptions',
  'queueOptions',
  'electionOptions',
  'locale',
  'telemetry',
] as const;

/** Options of Redis that say where it is or who we are. One of them given turns all `REDIS_*` variables off. */
export const redisPlaceKeys = [
  'url',
  'host',
  'port',
  'path',
  'username',
  'password',
  'db',
  'tls',
  'sentinels',
  'name',
  'sentinelUsername',
  'sentinelPassword',
  'instance',
] as const;

/** The options inside each group, for finding typos. */
export const groupKeys = {
  workerOptions: ['maxBatchSize', 'workerCount', 'shutdownTimeout', 'taskTimeout', 'maxCrashes'],
  redisOptions: [...redisPlaceKeys, 'commandTimeout', 'allowEviction', ...passedThroughRedisOptions],
  queueOptions: [
    'pendingQueueName',
    'workerQueuePrefix',
    'workerStatePrefix',
    'schedulerInterval',
    'scanCount',
    'identifyTagConcurrency',
    'defaultTaskOptions',
    'maxPayloadBytes',
    'maxResultBytes',
    'maxTagBytes',
    'payloadCodec',
  ],
  electionOptions: ['electionLockTtl', 'heartbeatInterval', 'heartbeatTimeout', 'watchLocalProcesses'],
} as const;

/** A group of options. */
export type OptionGroup = keyof typeof groupKeys;

/** Adds a problem for every key that is not among the known ones, with the nearest known one. */
export function checkKeys(
  path: string,
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  problems: ProblemList,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const suggestion = nearest(key, known);
    const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    problems.addText(path === '' ? key : `${path}.${key}`, 'an unknown option', `${known.join(', ')}${hint}`);
  }
}

/** A group of options as a record; adds a problem when it is none. */
export function readGroup(
  path: string,
  value: unknown,
  known: readonly string[],
  problems: ProblemList,
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (!isRecord(value)) {
    problems.add(path, value, 'an object');
    return {};
  }
  checkKeys(path, value, known, problems);
  return value;
}

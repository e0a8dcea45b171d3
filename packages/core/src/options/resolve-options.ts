import { locales } from '../domain/locale.js';
import { queueRoles } from '../domain/roles.js';
import { isRecord } from '../domain/task-option-rules.js';
import { defaults, featureNames } from './defaults.js';
import { environmentVariables, processEnv, readVariable, type EnvReader } from './env.js';
import { checkKeys, moduleOptionKeys } from './known-options.js';
import { numberOptions } from './number-options.js';
import { ProblemList } from './problems.js';
import type { QueueFeatureOptions, QueueModuleOptions } from './queue-module-options.js';
import {
  createContext,
  resolveChoice,
  resolveName,
  resolveNumber,
  type ResolveContext,
  type Sourced,
} from './resolve-context.js';
import { resolvePayloadCodec } from './resolve-payload-codec.js';
import { resolveRedis } from './resolve-redis.js';
import { resolveTagConcurrency, resolveTaskDefaults } from './resolve-task-options.js';
import type { ResolvedQueueOptions } from './resolved-options.js';
import { resolveTelemetry } from './resolve-telemetry.js';
import { checkElectionTimes } from './validate.js';
import type { OptionWarning } from './warnings.js';

/** The options of one queue, and what should be said about them. */
export interface Resolution {
  readonly options: ResolvedQueueOptions;
  readonly warnings: readonly OptionWarning[];
}

/**
 * Resolves the options of `forRoot`: an option given beats its variable, which beats the default.
 *
 * @throws {@link InvalidOptionsError} naming all that is wrong
 * @throws {@link RedisClusterNotSupportedError} for a client of Redis Cluster
 */
export function resolveRootOptions(
  options: QueueModuleOptions | undefined,
  readEnv: EnvReader = processEnv,
): Resolution {
  const problems = new ProblemList();
  const given = readTopLevel(options ?? {}, moduleOptionKeys, problems);
  const context = createContext(given, { root: undefined, readEnv, problems });
  return resolve(
    context,
    undefined,
    resolveNames(context, defaults, (option) => `queueOptions.${option}`),
  );
}

/**
 * Resolves the options of `forFeature`. What they leave out is the root queue's, except for the names, which are
 * derived from the feature's.
 *
 * @param root - the resolved options of `forRoot`
 * @throws {@link InvalidOptionsError} naming all that is wrong
 * @throws {@link RedisClusterNotSupportedError} for a client of Redis Cluster
 */
export function resolveFeatureOptions(
  options: QueueFeatureOptions,
  root: ResolvedQueueOptions,
  readEnv: EnvReader = processEnv,
): Resolution {
  const problems = new ProblemList();
  const given = readTopLevel(options, ['name', ...moduleOptionKeys], problems);
  const { name } = given;
  if (typeof name !== 'string' || name === '')
    problems.add('name', name, 'the name of the feature, not empty');
  const context = createContext(given, { root, readEnv, problems });
  const derived = featureNames(typeof name === 'string' && name !== '' ? name : 'unnamed');
  // A derived name that cannot be used is put down to the feature's name, which it came from.
  const names = resolveNames(context, derived, (option) => `name (for queueOptions.${option})`);
  return resolve(context, String(name), names);
}

type QueueNames = Pick<ResolvedQueueOptions, 'pendingQueueName' | 'workerQueuePrefix' | 'workerStatePrefix'>;

function resolveNames(
  context: ResolveContext,
  fallback: QueueNames,
  sourceOf: (option: keyof QueueNames) => string,
): QueueNames {
  const nameOf = (option: keyof QueueNames) =>
    resolveName(context, `queueOptions.${option}`, { value: fallback[option], source: sourceOf(option) });
  return {
    pendingQueueName: nameOf('pendingQueueName'),
    workerQueuePrefix: nameOf('workerQueuePrefix'),
    workerStatePrefix: nameOf('workerStatePrefix'),
  };
}

function readTopLevel(
  options: unknown,
  known: readonly string[],
  problems: ProblemList,
): Readonly<Record<string, unknown>> {
  if (!isRecord(options)) {
    problems.add('options', options, 'an object');
    return {};
  }
  checkKeys('', options, known, problems);
  return options;
}

function resolve(context: ResolveContext, name: string | undefined, names: QueueNames): Resolution {
  const numbers = resolveNumbers(context);
  checkElectionTimes(context, numbers);
  const valueOf = (key: keyof typeof numberOptions) => numbers[key]?.value ?? numberOptions[key].default;
  const role = resolveChoice(context, 'role', queueRoles, defaults.role);
  warnAboutRole(context, name);

  const options: ResolvedQueueOptions = {
    name,
    role,
    maxBatchSize: valueOf('maxBatchSize'),
    workerCount: valueOf('workerCount'),
    shutdownTimeoutMs: valueOf('shutdownTimeoutMs'),
    taskTimeoutMs: valueOf('taskTimeoutMs'),
    maxCrashes: valueOf('maxCrashes'),
    redis: resolveRedis(context),
    ...names,
    schedulerIntervalMs: valueOf('schedulerIntervalMs'),
    scanCount: valueOf('scanCount'),
    identifyTagConcurrency: resolveTagConcurrency(context, valueOf('maxTagBytes')),
    defaultTaskOptions: resolveTaskDefaults(context),
    maxPayloadBytes: valueOf('maxPayloadBytes'),
    maxResultBytes: valueOf('maxResultBytes'),
    maxTagBytes: valueOf('maxTagBytes'),
    payloadCodec: resolvePayloadCodec(context),
    electionLockTtlMs: valueOf('electionLockTtlMs'),
    heartbeatIntervalMs: valueOf('heartbeatIntervalMs'),
    heartbeatTimeoutMs: valueOf('heartbeatTimeoutMs'),
    watchLocalProcesses: resolveWatchLocalProcesses(context),
    locale: resolveChoice(context, 'locale', locales, defaults.locale),
    telemetry: resolveTelemetry(context),
  };
  context.problems.throwIfAny();
  return Object.freeze({ options: Object.freeze(options), warnings: Object.freeze(context.warnings) });
}

/** The option, else the root queue's value (feature), else the default. */
function resolveWatchLocalProcesses({ groups, root, problems }: ResolveContext): boolean {
  const given =
    groups.electionOptions.watchLocalProcesses ?? root?.watchLocalProcesses ?? defaults.watchLocalProcesses;
  if (typeof given === 'boolean') return given;
  problems.add('electionOptions.watchLocalProcesses', given, 'true, false');
  return defaults.watchLocalProcesses;
}

type ResolvedNumbers = Record<keyof typeof numberOptions, Sourced<number> | undefined>;

function resolveNumbers(context: ResolveContext): ResolvedNumbers {
  const entries = Object.entries(numberOptions).map(([key, rule]) => [
    key,
    resolveNumber(context, key as keyof typeof numberOptions, rule),
  ]);
  return Object.fromEntries(entries) as ResolvedNumbers;
}

/** A role in code defeats the roles that a PM2 file gives to its processes. */
function warnAboutRole(context: ResolveContext, name: string | undefined): void {
  const variable = environmentVariables.role;
  const variableValue = readVariable(context.readEnv, variable);
  const given = context.given.role;
  if (given === undefined || variableValue === undefined || given === variableValue) return;
  const role = given as ResolvedQueueOptions['role'];
  context.warnings.push({
    message: 'roleOverridesVariable',
    params: { queue: name ?? 'root', role, variable, variableValue },
  });
}

import type { Redis, RedisOptions } from 'ioredis';
import { isCount } from '../domain/task-option-rules.js';
import { defaults } from './defaults.js';
import { environmentVariables, readNumberVariable, readVariable } from './env.js';
import { groupKeys, readGroup, redisPlaceKeys } from './known-options.js';
import { allowedNumber, maxTimerMs } from './number-options.js';
import { passedThroughRedisOptions } from './redis-connection-options.js';
import { isRedisInstance } from './redis-instance.js';
import { resolveLogin, resolvePlace } from './redis-place.js';
import type { ResolveContext } from './resolve-context.js';
import type { ResolvedRedisOptions } from './resolved-options.js';

type Given = Readonly<Record<string, unknown>>;

const path = 'redisOptions';

/**
 * The connection of a queue. It is taken as a whole from the first of these that says anything about where or who:
 * the options, the root queue (feature), the variables. So a password meant for one Redis never reaches another. A
 * feature that says who, but not where, means the root queue's Redis.
 *
 * @throws {@link RedisClusterNotSupportedError} for a client of Redis Cluster
 */
export function resolveRedis(context: ResolveContext): ResolvedRedisOptions {
  const given = readRedisOptions(context);
  const inherited = context.root?.redis;
  const commandTimeoutMs = resolveCommandTimeout(context, given);
  const allowEviction = given.allowEviction ?? inherited?.allowEviction ?? defaults.allowEviction;
  if (typeof allowEviction !== 'boolean') {
    context.problems.add(`${path}.allowEviction`, allowEviction, 'true, false');
  }
  const connection = resolveConnection(context, given);
  return Object.freeze({
    ...connection,
    commandTimeoutMs,
    allowEviction: allowEviction === true,
  });
}

function readRedisOptions(context: ResolveContext): Given {
  const given = context.given.redisOptions;
  if (isRedisInstance(given)) return { instance: given };
  return withoutUnset(readGroup(path, given, groupKeys.redisOptions, context.problems));
}

function resolveConnection(
  context: ResolveContext,
  given: Given,
): Pick<ResolvedRedisOptions, 'instance' | 'options'> {
  const tuning = pick(given, passedThroughRedisOptions);
  const place = pick(given, redisPlaceKeys);
  if (place.instance !== undefined) return useInstance(context, given);

  const inherited = context.root?.redis;
  if (inherited !== undefined && !saysWhere(place)) return inherit(context, inherited, given);
  const options =
    Object.keys(place).length > 0
      ? resolvePlace(place, context.problems)
      : resolvePlace(placeFromVariables(context), context.problems, variableOf);
  return { options: Object.freeze({ ...options, ...tuning }) };
}

/** Another database of, or another login at, the root queue's Redis. */
function inherit(
  context: ResolveContext,
  inherited: ResolvedRedisOptions,
  given: Given,
): Pick<ResolvedRedisOptions, 'instance' | 'options'> {
  const others = pick(given, [...redisPlaceKeys, ...passedThroughRedisOptions]);
  const own = resolveLogin(others, context.problems);
  if (inherited.instance !== undefined) {
    const refused = Object.entries(others).filter(([key]) => !instanceOverrides.includes(key));
    refuseBeside(context, Object.fromEntries(refused), 'instance of forRoot');
    return { instance: inherited.instance, options: Object.freeze({ ...inherited.options, ...own }) };
  }
  const options: RedisOptions = { ...inherited.options, ...pick(given, passedThroughRedisOptions), ...own };
  // A password belongs to its user: another one does not inherit it.
  if (own.username !== undefined && own.password === undefined) delete options.password;
  if (given.tls === false) delete options.tls;
  return { options: Object.freeze(options) };
}

/** What a feature may change of a client that `forRoot` was given: the duplicates for that feature have it. */
const instanceOverrides: readonly string[] = ['username', 'password', 'db'];

/** Without one of these a feature means the root queue's Redis. */
function saysWhere(place: Given): boolean {
  return ['url', 'host', 'port', 'path', 'sentinels', 'name'].some((key) => place[key] !== undefined);
}

function useInstance(context: ResolveContext, given: Given): { instance?: Redis; options: RedisOptions } {
  const { instance, ...others } = given;
  refuseBeside(context, pick(others, [...redisPlaceKeys, ...passedThroughRedisOptions]), 'instance');
  if (!isRedisInstance(instance)) {
    context.problems.add(`${path}.instance`, instance, 'a client of ioredis (new Redis(…))');
    return { options: {} };
  }
  if (instance.options.keyPrefix) {
    const allowed = 'a client without keyPrefix; BullMQ does not work with one';
    context.problems.add(`${path}.instance.keyPrefix`, instance.options.keyPrefix, allowed);
  }
  return { instance, options: Object.freeze({}) };
}

/** A client brings its own settings: options beside it would have no effect. */
function refuseBeside(context: ResolveContext, others: Given, beside: string): void {
  for (const key of Object.keys(others)) {
    context.problems.addText(`${path}.${key}`, `a value beside ${beside}`, 'nothing: the client has its own');
  }
}

function placeFromVariables({ readEnv }: ResolveContext): Given {
  const url = readVariable(readEnv, environmentVariables['redisOptions.url']);
  if (url !== undefined) return { url };
  return withoutUnset({
    host: readVariable(readEnv, environmentVariables['redisOptions.host']),
    port: readNumberVariable(readEnv, environmentVariables['redisOptions.port']),
    username: readVariable(readEnv, environmentVariables['redisOptions.username']),
    password: readVariable(readEnv, environmentVariables['redisOptions.password']),
    db: readNumberVariable(readEnv, environmentVariables['redisOptions.db']),
  });
}

function variableOf(option: string): string {
  return environmentVariables[option as keyof typeof environmentVariables];
}

function resolveCommandTimeout(context: ResolveContext, given: Given): number {
  const value = given.commandTimeout ?? context.root?.redis.commandTimeoutMs ?? defaults.commandTimeoutMs;
  const range = { min: 1, max: maxTimerMs, unit: 'ms' } as const;
  if (isCount(value, range.min, range.max)) return value;
  context.problems.add(`${path}.commandTimeout`, value, allowedNumber(range));
  return defaults.commandTimeoutMs;
}

function pick(given: Given, keys: readonly string[]): Given {
  return Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)));
}

/** Empty text counts as left out, as in `password: process.env.REDIS_PASSWORD ?? ''`. */
function withoutUnset(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}

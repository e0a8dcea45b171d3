import type { Redis } from 'ioredis';
import { readStanding } from '../../../../src/bullmq/standing.js';
import type { Harness } from './harness.js';

export interface WorkerRecord {
  readonly meta: Readonly<Record<string, string>>;
  /** Ids in the order in which they will run. */
  readonly wait: readonly string[];
  readonly next: readonly string[];
}

/** All that decides how a queue goes on, read at one moment. Lists of ids are in the order in which they will run. */
export interface QueueState {
  readonly wait: readonly string[];
  readonly prioritized: readonly string[];
  readonly active: readonly string[];
  readonly delayed: readonly string[];
  readonly completed: readonly string[];
  readonly failed: readonly string[];
  readonly ring: readonly string[];
  readonly idle: readonly string[];
  readonly hungry: readonly string[];
  readonly ahead: readonly string[];
  readonly pausedTags: readonly string[];
  readonly parked: readonly string[];
  readonly seq: ReadonlyMap<string, number>;
  readonly owners: ReadonlyMap<string, readonly string[]>;
  readonly limits: ReadonlyMap<string, number>;
  readonly defaultLimit: number;
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly workers: ReadonlyMap<string, WorkerRecord>;
  readonly registered: ReadonlySet<string>;
  readonly beats: ReadonlyMap<string, string>;
  readonly tasks: ReadonlySet<string>;
  readonly locks: ReadonlySet<string>;
  readonly isPaused: boolean;
  readonly concurrency: number;
}

const readAll = `
local base, workerBase, registry = ARGV[1], ARGV[2], KEYS[1]
local given = cjson.decode(ARGV[3])
local function list(key) return redis.call('LRANGE', key, 0, -1) end
local function zset(key) return redis.call('ZRANGE', key, 0, -1) end
local state = {
  wait = list(base .. 'wait'), active = list(base .. 'active'), prioritized = zset(base .. 'prioritized'),
  delayed = zset(base .. 'delayed'), completed = zset(base .. 'completed'), failed = zset(base .. 'failed'),
  ring = list(base .. 'aff:ring'), idle = list(base .. 'aff:idle'), hungry = list(base .. 'aff:hungry'),
  ahead = list(base .. 'aff:ahead'), pausedTags = redis.call('SMEMBERS', base .. 'aff:pausedtags'),
  parked = zset(base .. 'aff:parked'), seq = redis.call('ZRANGE', base .. 'aff:seq', 0, -1, 'WITHSCORES'),
  owners = redis.call('HGETALL', base .. 'aff:owners'), limits = redis.call('HGETALL', base .. 'aff:limits'),
  beats = redis.call('HGETALL', base .. 'aff:beats'), control = redis.call('HGETALL', base .. 'aff:ctl'),
  standings = redis.call('HGETALL', base .. 'aff:standings'), meta = redis.call('HGETALL', base .. 'meta'), registered = redis.call('HKEYS', registry),
  tags = {}, workers = {}, tasks = {}, locks = {},
}
for i, tag in ipairs(given.tags) do state.tags[i] = list(base .. 'aff:tag:' .. tag) end
for i, worker in ipairs(given.workers) do
  local own = workerBase .. worker .. ':'
  state.workers[i] = { redis.call('HGETALL', own .. 'meta'), list(own .. 'wait'), list(own .. 'next') }
end
for _, id in ipairs(given.ids) do
  if redis.call('EXISTS', base .. id) == 1 then state.tasks[#state.tasks + 1] = id end
  if redis.call('EXISTS', base .. id .. ':lock') == 1 then state.locks[#state.locks + 1] = id end
end
return cjson.encode(state)`;

type Raw = Record<string, unknown>;

/** @param known - every tag, worker and id that the queue may hold */
export async function readState(
  { redis, keys }: Pick<Harness, 'redis' | 'keys'>,
  known: {
    readonly tags: readonly string[];
    readonly workers: readonly string[];
    readonly ids: readonly string[];
  },
): Promise<QueueState> {
  const raw = JSON.parse(
    (await evalCached(redis, [
      keys.workerRegistry,
      keys.base,
      keys.workerBase,
      JSON.stringify(known),
    ])) as string,
  ) as Raw;
  const control = pairs(raw.control);
  const meta = pairs(raw.meta);
  const standings = pairs(raw.standings);
  return {
    wait: reversed(raw.wait),
    prioritized: texts(raw.prioritized),
    active: reversed(raw.active),
    delayed: texts(raw.delayed),
    completed: texts(raw.completed),
    failed: texts(raw.failed),
    ring: texts(raw.ring),
    idle: texts(raw.idle),
    hungry: texts(raw.hungry),
    ahead: texts(raw.ahead),
    // Redis gives a set in no order, and not twice in the same.
    pausedTags: texts(raw.pausedTags).sort(),
    parked: texts(raw.parked),
    seq: numbers(pairs(raw.seq)),
    owners: new Map([...pairs(raw.owners)].map(([tag, owners]) => [tag, owners.split(' ')])),
    limits: control.get('limits') === '1' ? numbers(pairs(raw.limits)) : new Map(),
    defaultLimit: Number(control.get('limit') ?? 1),
    tags: new Map(known.tags.map((tag, i) => [tag, reversed((raw.tags as unknown[])[i])])),
    workers: new Map(
      known.workers.map((worker, i) => {
        const [workerMeta, wait, next] = (raw.workers as unknown[][])[i] ?? [];
        const record = {
          meta: withStanding(Object.fromEntries(pairs(workerMeta)), standings.get(worker)),
          wait: reversed(wait),
          next: reversed(next),
        };
        return [worker, record];
      }),
    ),
    registered: new Set(texts(raw.registered)),
    beats: pairs(raw.beats),
    tasks: new Set(texts(raw.tasks)),
    locks: new Set(texts(raw.locks)),
    isPaused: meta.has('paused'),
    concurrency: Number(meta.get('concurrency') ?? 0),
  };
}

/** The parts of where a worker stands, each under a name of its own; what there is not is left out. */
function withStanding(meta: Record<string, string>, cur: string | undefined): Record<string, string> {
  if (cur === undefined) return meta;
  const { id, attempt, batchPosition, fencingToken, seq } = readStanding(cur);
  const last = lastOf(cur, id);
  return {
    ...meta,
    done: String(fencingToken) === meta.fence ? batchPosition.toString() : '0',
    ...(id === '' ? {} : { cur: id, att: attempt.toString(), seq }),
    ...(last === '' ? {} : { last }),
  };
}

function lastOf(standing: string, id: string): string {
  const both = standing.replace(/^~?(?:[^:]*:){6}/, '');
  return both.slice(0, both.length - id.length - 1);
}

const defined = new WeakSet<Redis>();

async function evalCached(redis: Redis, args: string[]): Promise<unknown> {
  if (!defined.has(redis)) redis.defineCommand('test:readState', { lua: readAll, numberOfKeys: 1 });
  defined.add(redis);
  return (redis as unknown as Record<string, (...args: string[]) => Promise<unknown>>)['test:readState']?.(
    ...args,
  );
}

/** cjson writes an empty list as an object. */
function texts(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function reversed(value: unknown): string[] {
  return texts(value).reverse();
}

function pairs(value: unknown): Map<string, string> {
  const flat = texts(value);
  return new Map(flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1] ?? ''] as const] : [])));
}

function numbers(map: ReadonlyMap<string, string>): Map<string, number> {
  return new Map([...map].map(([key, value]) => [key, Number(value)]));
}

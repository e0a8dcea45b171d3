import { Redis } from 'ioredis';
import { composeScripts } from '../../../../src/bullmq/bullmq-scripts.js';
import { withStart } from '../../../../src/worker/completions.js';
import { commitArguments } from '../../../../src/bullmq/completion-group.js';
import { changeOfLength, completionOf, readStanding } from '../../../../src/bullmq/standing.js';
import { isLuaCode, luaError, notPlainCode } from '../../../../src/errors/luaErrors.js';
import type { LuaScriptName } from '../../../../src/redis/generated/lua-sources.js';
import { instanceKeys, layoutVersion, queueKeys, type QueueKeys } from '../../../../src/redis/queue-keys.js';
import { QueueScripts, type ScriptCall } from '../../../../src/redis/queue-scripts.js';
import { ScriptRunner } from '../../../../src/redis/script-runner.js';
import { testRedisUrl, uniqueName } from '../../../support/redis.js';
import { BullArguments, type Outcome } from './bull-arguments.js';

export interface AddedTask {
  readonly id: string;
  readonly tag?: string;
  /** In place of what QueueService would write. */
  readonly data?: string;
  readonly fields?: Readonly<Record<string, string | number>>;
}

export interface DispatchLimits {
  readonly leader?: string;
  readonly maxBatchSize?: number;
  readonly maxIds?: number;
  readonly maxBytes?: number;
  readonly maxDataBytes?: number;
  readonly maxTagBytes?: number;
}

export interface Dispatched {
  readonly taken: number;
  readonly bound: number;
  readonly more: boolean;
  readonly dueInMs: number;
}

/** A task as a worker took it. */
export interface Taken {
  readonly id: string;
  readonly attempt: string;
  readonly token: string;
  readonly tag: string;
  readonly position: number;
  readonly fence: string;
  readonly standing: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface CommitOptions extends Partial<Outcome> {
  readonly fetchNext?: boolean;
  readonly short?: boolean;
}

/** One worker's part of a group of completions. */
export interface CompletionEntry {
  readonly worker: string;
  readonly task: Taken;
  readonly fetchNext?: boolean;
  readonly short?: boolean;
  readonly keepCount?: number | '';
  readonly keepAge?: number | '';
  readonly value?: string;
}

/** Where a call of addTasks stands; both empty: on no chain. */
export interface ChainedCall {
  readonly chain: string;
  readonly number: number | '';
}

export interface RetryOptions {
  readonly delayMs?: number;
  readonly counts?: boolean;
  readonly fields?: readonly string[];
  readonly fetchNext?: boolean;
  readonly short?: boolean;
}

/** Kept apart from other suites, whose scans should not meet the many keys of these. */
const database = 13;

/** The lease of every worker. */
export const leaseMs = 1_000;

export function connectScripts(db = database, url = testRedisUrl()): Redis {
  return new Redis(url, { db, maxRetriesPerRequest: null });
}

/** Host and process of each worker, where they say who they are. */
export const processOf = (worker: string): readonly [host: string, process: string] => [
  'one-host',
  `${worker}:1`,
];

/** One queue as its scripts see it: a leader, workers without processes, tasks without a producer. */
export class Harness {
  readonly keys: QueueKeys;
  readonly scripts: QueueScripts;
  readonly bull: BullArguments;
  readonly marker: string;
  /** "nodeId:epoch" of whom the leader's scripts are sent for. */
  leader = 'leader:1';
  readonly pendingQueueName: string;

  constructor(
    readonly redis: Redis,
    readonly name = uniqueName(),
    runner: ScriptRunner<LuaScriptName> = runnerOf(redis),
  ) {
    this.pendingQueueName = `${name}-pending`;
    this.keys = queueKeys({
      pendingQueueName: this.pendingQueueName,
      workerQueuePrefix: `${name}-worker`,
      workerStatePrefix: `${name}-state`,
    });
    this.scripts = new QueueScripts(runner, this.keys);
    this.bull = new BullArguments(redis, this.pendingQueueName);
    this.marker = instanceKeys(`${name}-node`).workers;
  }

  run(script: LuaScriptName, call: ScriptCall = {}): Promise<unknown> {
    return this.scripts.run(script, call);
  }

  /** Prefixes of every key that the queue can have. */
  get prefixes(): string[] {
    const { name } = this;
    return [`bull:${name}-`, `scheduler:${name}-`, `scheduler:instance:${name}-`, `${name}-state:`];
  }

  async elect(leader = this.leader): Promise<void> {
    await this.redis.set(this.keys.electionLock, leader);
  }

  /** As BullMQ's add does. */
  async add(...tasks: readonly AddedTask[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const { id, tag = 'tag', data, fields = {} } of tasks) {
      const encoded = data ?? `{"identifyTag":${JSON.stringify(tag)},"payload":"${id}"}`;
      const opts = '{"attempts":3}';
      const base = { name: 'type', data: encoded, opts, timestamp: Date.now(), delay: 0, priority: 0 };
      pipeline.hset(this.job(id), { ...base, ...fields });
      pipeline.lpush(this.list('wait'), id);
    }
    pipeline.zadd(this.keys.marker, 0, '0');
    await pipeline.exec();
  }

  async addMany(tag: string, ...ids: readonly string[]): Promise<void> {
    await this.add(...ids.map((id) => ({ id, tag })));
  }

  /** As QueueService does. */
  async addAtOnce(tag: string, ...ids: readonly string[]): Promise<void> {
    await this.addOnChain({ chain: '', number: '' }, tag, ...ids);
  }

  /** @returns the chain that the call was granted, if any */
  async addOnChain(
    { chain, number }: ChainedCall,
    tag: string,
    ...ids: readonly string[]
  ): Promise<string | undefined> {
    const data = (id: string) => `{"identifyTag":${JSON.stringify(tag)},"payload":"${id}"}`;
    const tasks = ids.flatMap((id) => [1, id, tag, data(id)]);
    const args = [chain, number, 1, 'type', '{"attempts":3}', Date.now(), ...tasks];
    const reply = await this.run('addTasks', { args });
    return Array.isArray(reply) ? String(reply[1]) : undefined;
  }

  /** Workers whose processes their neighbours can see, each in one of its own. */
  async registerVisibly(...workers: readonly string[]): Promise<void> {
    await this.#register(workers, processOf);
  }

  async register(...workers: readonly string[]): Promise<void> {
    await this.#register(workers, () => []);
  }

  async #register(
    workers: readonly string[],
    processes: (worker: string) => readonly string[],
  ): Promise<void> {
    for (const worker of workers) {
      const args = [
        layoutVersion,
        `${this.name}-node`,
        this.marker,
        this.keys.workerState(worker),
        `{"workerId":"${worker}"}`,
        leaseMs,
        ...processes(worker),
      ];
      await this.run('registerWorker', { caller: worker, args });
    }
  }

  async dispatch(limits: DispatchLimits = {}): Promise<Dispatched> {
    const { leader = this.leader, maxBatchSize = 10, maxIds = 500, maxBytes = 1_000_000 } = limits;
    const { maxDataBytes = 300_000, maxTagBytes = 512 } = limits;
    const args = [maxBatchSize, maxIds, maxBytes, maxDataBytes, maxTagBytes];
    const reply = await this.run('dispatch', { caller: leader, args });
    const [taken, bound, more, dueInMs] = reply as [number, number, number, number];
    return { taken, bound, more: more === 1, dueInMs };
  }

  /** @returns the task, or how long the rate limit lasts (ms), or nothing */
  async takeReply(worker: string, token = `${worker}-token`): Promise<Taken | number | undefined> {
    return asTaken(await this.run('takeTask', { caller: worker, args: [token, Date.now()] }), {
      worker,
      token,
    });
  }

  async take(worker: string, token?: string): Promise<Taken> {
    const taken = await this.takeReply(worker, token);
    if (typeof taken !== 'object') throw new Error(`${worker} was given no task but ${String(taken)}`);
    return taken;
  }

  async commit(
    worker: string,
    task: Taken,
    options: CommitOptions = {},
  ): Promise<Taken | number | undefined> {
    const { fetchNext = false, short = false, ...outcome } = options;
    const { keys, args } = this.bull.finished(task.id, { token: task.token, ...outcome });
    const own = [task.attempt, task.token, fetchNext ? 1 : 0, short ? 1 : 0];
    return asTaken(await this.run('commitTask', { caller: worker, keys, args: [...own, ...args] }), {
      worker,
      token: task.token,
    });
  }

  /** Several workers' completions, those that are alike in one script; replies as `commit` has them, codes as they are. */
  async complete(
    entries: readonly CompletionEntry[],
    { node = `${this.name}-node`, trim = false }: { readonly node?: string; readonly trim?: boolean } = {},
  ): Promise<(Taken | number | undefined)[]> {
    const groups = new Map<string, number[]>();
    entries.forEach(({ task, fetchNext = false, short = false }, i) => {
      const takes = `${fetchNext ? '1' : '0'}${changeOfLength(task.standing, short)}`;
      groups.set(takes, [...(groups.get(takes) ?? []), i]);
    });
    const all: (Taken | number | undefined)[] = [];
    for (const [takes, members] of groups) {
      const now = Date.now();
      const group = members.map((i) => {
        const { worker, task, short = false, keepCount = '', keepAge = '', value = 'null' } = entries[i]!;
        const told = completionOf(task.standing, readStanding(task.standing), short);
        return { takes, args: [worker, ...told, `${keepCount}:${keepAge}`, value] };
      });
      const args = commitArguments(now, trim, group);
      const replies = (await this.run('commitTasks', { caller: node, args })) as unknown[];
      replies.forEach((reply, at) => {
        const { worker, task } = entries[members[at]!]!;
        all[members[at]!] = asTaken(withStart(reply, now), { worker, token: worker, tag: task.tag });
      });
    }
    return all;
  }

  /** A completion as a worker records it: in a group (here of one), or by BullMQ's own script where it is not plain. */
  async finish(
    worker: string,
    task: Taken,
    options: { readonly fetchNext?: boolean; readonly short?: boolean } = {},
  ): Promise<Taken | number | undefined> {
    const [reply] = await this.complete([{ worker, task, ...options }]);
    if (reply === notPlainCode) return this.commit(worker, task, options);
    if (isLuaCode(reply)) throw luaError('commitTasks', reply, { workerId: worker, jobId: task.id });
    return reply;
  }

  async retry(worker: string, task: Taken, options: RetryOptions = {}): Promise<Taken | number | undefined> {
    const { delayMs = 0, counts = true, fields = [], fetchNext = false, short = false } = options;
    const own = [task.attempt, task.token, fetchNext ? 1 : 0, short ? 1 : 0];
    const args = [...own, task.id, delayMs, counts ? 1 : 0, Date.now(), ...fields];
    return asTaken(await this.run('retryTask', { caller: worker, args }), { worker, token: task.token });
  }

  async delay(
    worker: string,
    task: Taken,
    { delayMs = 0, byHandler = false, fetchNext = false, short = false, token = task.token } = {},
  ): Promise<Taken | number | undefined> {
    const { keys, args } = this.bull.delayed(task.id, { token, delayMs, byHandler });
    const own = [task.attempt, token, fetchNext ? 1 : 0, short ? 1 : 0];
    return asTaken(await this.run('delayTask', { caller: worker, keys, args: [...own, ...args] }), {
      worker,
      token: task.token,
    });
  }

  async remove(id: string, { withChildren = true, unfinishedOnly = true } = {}): Promise<unknown> {
    const { keys, args } = this.bull.removed(id, withChildren);
    return this.run('removeTask', { keys, args: [...args, unfinishedOnly ? 1 : 0] });
  }

  async recover(
    worker: string,
    { beat = '0', maxCrashes = 3, leader = this.leader, silentMs = leaseMs } = {},
  ): Promise<unknown> {
    return this.run('recoverWorker', { caller: leader, args: [worker, beat, maxCrashes, silentMs] });
  }

  /** Somebody says that the process of a worker is dead, and says so by this pid and start time. */
  /** @param about - `process`: another one on its host; `seen` 0: by one that has not seen it alive */
  async reportDeath(
    worker: string,
    { process = processOf(worker)[1], seen = 1 }: { process?: string | undefined; seen?: 0 | 1 } = {},
  ): Promise<unknown> {
    const { electionEpoch, leaderInfo, electionVacancy } = this.keys;
    const call = { caller: 'neighbour', keys: [electionEpoch, leaderInfo, electionVacancy] };
    return this.run('reportDeath', { ...call, args: [processOf(worker)[0], process, seen] });
  }

  async retire(worker: string): Promise<unknown> {
    return this.run('retireWorker', { caller: worker });
  }

  async pauseTag(tag: string): Promise<unknown> {
    return this.run('pauseTag', { args: [tag] });
  }

  async resumeTag(tag: string): Promise<unknown> {
    return this.run('resumeTag', { args: [tag] });
  }

  /** To the end, as QueueService does. */
  async purgeTag(tag: string, window = 200): Promise<number> {
    let removed = 0;
    for (let position = 0; position !== -2;) {
      const [count, next] = (await this.run('purgeTag', { args: [tag, position, window] })) as [
        number,
        number,
      ];
      removed += count;
      position = next;
    }
    return removed;
  }

  async setLimits(limit: number, tags: Readonly<Record<string, number>> = {}): Promise<unknown> {
    return this.run('setLimits', { caller: this.leader, args: [limit, ...Object.entries(tags).flat()] });
  }

  async pauseQueue(): Promise<void> {
    await this.redis.hset(this.list('meta'), 'paused', 1);
  }

  async resumeQueue(): Promise<void> {
    const { keys, args } = this.bull.resumed();
    await this.run('resumeQueue', { keys, args });
  }

  /** Back-offs and delays of up to an hour are over. */
  async letTimePass(): Promise<void> {
    const hourMs = 3_600_000;
    for (const tag of await this.redis.zrange(this.list('aff:parked'), 0, '-1')) {
      await this.redis.zincrby(this.list('aff:parked'), -hourMs, tag);
    }
    for (const id of await this.redis.zrange(this.list('delayed'), 0, '-1')) {
      await this.redis.zincrby(this.list('delayed'), -hourMs * 4096, id);
    }
  }

  job(id: string): string {
    return `${this.keys.base}${id}`;
  }

  /** A key of the pending queue. */
  list(suffix: string): string {
    return `${this.keys.base}${suffix}`;
  }

  worker(worker: string, suffix: string): string {
    return `${this.keys.workerBase}${worker}:${suffix}`;
  }

  /** Ids in the order in which they will run. */
  async order(list: string): Promise<string[]> {
    return (await this.redis.lrange(list, 0, -1)).reverse();
  }

  async clear(): Promise<void> {
    for (const key of await this.allKeys()) await this.redis.del(key);
  }

  async allKeys(): Promise<string[]> {
    const keys = await this.redis.keys('*');
    return keys.filter((key) => this.prefixes.some((prefix) => key.startsWith(prefix))).sort();
  }

  /** Everything that the queue has in Redis, byte by byte. */
  async snapshot(): Promise<ReadonlyMap<string, string>> {
    const keys = await this.allKeys();
    const dumps = await Promise.all(keys.map((key) => this.redis.dumpBuffer(key)));
    return new Map(keys.map((key, index) => [key, dumps[index]?.toString('hex') ?? '']));
  }
}

const runners = new WeakMap<Redis, ScriptRunner<LuaScriptName>>();

function runnerOf(redis: Redis): ScriptRunner<LuaScriptName> {
  const runner = runners.get(redis) ?? new ScriptRunner(redis, 10_000, composeScripts());
  runners.set(redis, runner);
  return runner;
}

/** What of a task its reply does not say. */
interface TakenBy {
  readonly worker: string;
  readonly token: string;
  /** Of the task before, where the next one may be of the same batch. */
  readonly tag?: string;
}

function asTaken(reply: unknown, by: TakenBy): Taken | number | undefined {
  if (reply === 0) return undefined;
  if (!Array.isArray(reply)) return reply as number;
  if (typeof reply[0] === 'string') return plainTask(reply as string[], by);
  const [flat, id, limitMs, , at] = reply as [
    string[] | 0,
    string | 0,
    number,
    number,
    [standing: string, tag: string, batchSize: number],
  ];
  if (flat === 0 || id === 0) return limitMs > 0 ? limitMs : undefined;
  const fields = Object.fromEntries(
    flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])),
  );
  return task(at[0], at[1], by, fields);
}

function plainTask(reply: readonly string[], by: TakenBy): Taken {
  const [standing = '', data = '', name = '', opts = '', timestamp = '', processedOn = '', tag] = reply;
  const fields = {
    name,
    data,
    opts,
    timestamp,
    delay: '0',
    priority: '0',
    processedOn,
    pb: by.worker,
    ats: '1',
  };
  return task(standing, tag ?? by.tag ?? '', by, fields);
}

function task(standing: string, tag: string, { token }: TakenBy, fields: Record<string, string>): Taken {
  const { id, attempt, batchPosition, fencingToken } = readStanding(standing);
  return {
    id,
    attempt: String(attempt),
    token,
    tag,
    position: batchPosition,
    fence: String(fencingToken),
    standing,
    fields,
  };
}

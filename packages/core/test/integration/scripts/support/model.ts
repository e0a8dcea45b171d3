import { isDeepStrictEqual } from 'node:util';
import { StaleLeaderError, WorkerFencedError } from '../../../../src/errors/errors.js';
import { Fairness } from './fairness.js';
import { Leaders } from './leaders.js';
import { leaseMs, type Harness, type Taken } from './harness.js';
import { limitOf, violations } from './invariants.js';
import { readState, type QueueState } from './queue-state.js';

export const actions = [
  'add',
  'addForeign',
  'addDelayed',
  'dispatch',
  'dispatchLittle',
  'dispatchStale',
  'take',
  'complete',
  'fail',
  'retryBlock',
  'retrySkip',
  'handBack',
  'pauseTag',
  'resumeTag',
  'purgeTag',
  'removeTask',
  'cancelTask',
  'register',
  'crash',
  'recover',
  'reportDeath',
  'resign',
  'takeOver',
  'retire',
  'leave',
  'zombie',
  'setLimits',
  'pauseQueue',
  'resumeQueue',
  'setConcurrency',
  'deleteHash',
  'deleteLock',
  'letTimePass',
  'drain',
  'obliterate',
  'checkStats',
] as const;

export type ActionName = (typeof actions)[number];
/** What happens, and two numbers that choose among what there is. */
export type Action = readonly [name: ActionName, which: number, how: number];

export const tags = ['plain', ': { } * ? [ab]* \\', '😀 "quoted"', '__proto__', 'two words', 'x'.repeat(512)];
const workers = ['w1', 'w2', 'w3', 'w4'];
const malformedTag = '';
const foreignData = [
  (tag: string) => `{"payload":{"identifyTag":"inner"},"identifyTag":${JSON.stringify(tag)}}`,
  (tag: string) => ` { "cut": "\\ud83d", "identifyTag" : ${escaped(tag)} } `,
  () => '"a string"',
  () => '{"identifyTag":5}',
  () => '{"identifyTag":"never closed',
];

/** Every character escaped, as a producer in another language may write it. */
function escaped(tag: string): string {
  const units = [...Array(tag.length).keys()].map((i) => tag.charCodeAt(i).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

/** Drives the scripts of one queue as producers, leader and workers would, and checks the whole state after every step. */
export class Model {
  readonly #tasks: string[] = [];
  readonly #held = new Map<string, Taken>();
  readonly #ghosts = new Set<string>();
  readonly #unordered = new Set<string>();
  readonly #lastStarted = new Map<string, number>();
  readonly #fairness = new Fairness();
  readonly #leaders: Leaders;
  /** Workers whose process is dead: they send nothing more. */
  readonly #crashed = new Set<string>();
  #state!: QueueState;
  #maxBatchSize: number;

  constructor(
    private readonly harness: Harness,
    maxBatchSize: number,
  ) {
    this.#maxBatchSize = maxBatchSize;
    this.#leaders = new Leaders(harness);
  }

  async start(): Promise<void> {
    await this.#leaders.elect();
    await this.harness.registerVisibly('w1', 'w2');
    await this.#look('start');
  }

  async step([name, which, how]: Action): Promise<void> {
    await this[`_${name}`](which, how);
    await this.#look(name);
  }

  /** Whatever the steps have done, everything that is left runs to its end. */
  async finish(): Promise<void> {
    const { harness } = this;
    await harness.resumeQueue();
    await harness.redis.hdel(harness.list('meta'), 'concurrency');
    for (const tag of tags) await harness.resumeTag(tag);
    for (const worker of this.#crashed) await this.#recover(worker, 3);
    for (const worker of workers) if (this.#isLeaving(worker)) await this.#retire(worker);
    await this._register(0);
    await this.#look('finish');
    for (let round = 0; this.#isBusy(); round++) {
      if (round > 200) throw new Error(`The queue is stuck: ${this.#describe()}`);
      await harness.letTimePass();
      await harness.dispatch({ maxBatchSize: this.#maxBatchSize });
      await this.#look('finish');
      for (const worker of this.#registered()) await this.#runOut(worker);
    }
  }

  async #runOut(worker: string): Promise<void> {
    this.#keep(worker, await this.harness.takeReply(worker));
    await this.#look('finish');
    for (let task = this.#held.get(worker); task !== undefined; task = this.#held.get(worker)) {
      this.#keep(worker, await this.harness.finish(worker, task, { fetchNext: true }));
      await this.#look('finish');
    }
  }

  async _add(which: number, how: number): Promise<void> {
    const tag = pick(tags, which);
    const ids = Array.from({ length: 1 + (how % 4) }, () => this.#newTask());
    // By another producer's way, or by ours.
    if (how % 8 < 4) await this.harness.addMany(tag, ...ids);
    else await this.harness.addAtOnce(tag, ...ids);
  }

  async _addForeign(which: number, how: number): Promise<void> {
    const id = this.#newTask();
    const data = pick(foreignData, how)(pick(tags, which));
    await this.harness.add({ id, data });
    if (how % 2 === 0) return;
    await this.harness.redis.lrem(this.harness.list('wait'), 1, id);
    await this.harness.redis.zadd(this.harness.list('prioritized'), which, id);
  }

  async _addDelayed(which: number): Promise<void> {
    const id = this.#newTask();
    await this.harness.add({ id, tag: pick(tags, which) });
    await this.harness.redis.lrem(this.harness.list('wait'), 1, id);
    await this.harness.redis.zadd(
      this.harness.list('delayed'),
      (Date.now() + 600_000) * 4096 + this.#tasks.length,
      id,
    );
  }

  async _dispatch(): Promise<void> {
    await this.#dispatch({});
  }

  async _dispatchLittle(which: number, how: number): Promise<void> {
    await this.#dispatch({ maxIds: 1 + (which % 3), maxBytes: how % 2 === 0 ? 1 : 1_000_000 });
  }

  async #dispatch(limits: { maxIds?: number; maxBytes?: number }): Promise<void> {
    const before = this.#state;
    const due = before.delayed.filter((id) => this.#isDue.has(id));
    await this.harness.dispatch({ maxBatchSize: this.#maxBatchSize, maxDataBytes: 10_000, ...limits });
    await this.#look('dispatch');
    const came = [...this.#state.seq.keys()].filter((id) => !before.seq.has(id));
    const expected = [...before.wait, ...due, ...before.prioritized].filter((id) => came.includes(id));
    assertSame('tasks are taken in as they came', came, expected);
  }

  async _dispatchStale(which: number, how: number): Promise<void> {
    const worker = pick(workers, which);
    for (const call of this.#leaders.callsOfADeposed(which, how, worker))
      await this.#isRefused(StaleLeaderError, call);
  }

  async _resign(): Promise<void> {
    await this.#leaders.resign();
    await this.#look('resign');
    await this.#isRefused(StaleLeaderError, () => this.harness.dispatch());
    await this.#leaders.elect();
  }

  async _takeOver(): Promise<void> {
    await this.#leaders.takeOver();
  }

  async _take(which: number): Promise<void> {
    const worker = this.#liveWorker(which);
    if (worker === undefined) return;
    const before = this.#held.get(worker);
    this.#keep(worker, await this.harness.takeReply(worker));
    const after = this.#held.get(worker);
    if (before && this.#state.tasks.has(before.id))
      assertSame('the current task is given again', after?.id, before.id);
    if (!before && this.#state.isPaused) assertSame('a paused queue gives no task', after, undefined);
  }

  async _complete(which: number, how: number): Promise<void> {
    await this.#end(which, how, (worker, task, options) =>
      how % 3 === 0 ? this.harness.commit(worker, task, options) : this.harness.finish(worker, task, options),
    );
  }

  async _fail(which: number, how: number): Promise<void> {
    await this.#end(which, how, (worker, task, options) =>
      this.harness.commit(worker, task, { ...options, failed: true }),
    );
  }

  async _retryBlock(which: number, how: number): Promise<void> {
    const delayMs = how % 5 === 0 ? 0 : 600_000;
    const fields = ['failedReason', 'because'];
    await this.#end(which, how, (worker, task, options) =>
      this.harness.retry(worker, task, { ...options, delayMs, fields }),
    );
  }

  async _handBack(which: number, how: number): Promise<void> {
    await this.#end(which, how, (worker, task, options) =>
      this.harness.retry(worker, task, { ...options, counts: false }),
    );
  }

  async _retrySkip(which: number, how: number): Promise<void> {
    await this.#end(which, how, (worker, task, options) =>
      this.harness.delay(worker, task, { ...options, delayMs: 600_000 }),
    );
  }

  async _pauseTag(which: number): Promise<void> {
    await this.harness.pauseTag(pick(tags, which));
    await this.#isIdempotent('pauseTag', () => this.harness.pauseTag(pick(tags, which)));
  }

  async _resumeTag(which: number): Promise<void> {
    await this.harness.resumeTag(pick(tags, which));
    await this.#isIdempotent('resumeTag', () => this.harness.resumeTag(pick(tags, which)));
  }

  async _purgeTag(which: number, how: number): Promise<void> {
    await this.harness.purgeTag(pick(tags, which), 1 + (how % 5));
    await this.#look('purgeTag');
    const left = this.#state.tags.get(pick(tags, which)) ?? [];
    if (left.length > 0) throw new Error(`purgeTag left ${left.join()}`);
  }

  async _removeTask(which: number): Promise<void> {
    const id = pick(this.#tasks, which);
    if (id === undefined) return;
    // BullMQ takes a running task without a lock for one that does not run.
    if (this.#unlocked.has(id)) this.#ghosts.add(id);
    const removed = await this.harness.remove(id).catch(() => 0);
    await this.#look('removeTask');
    if (removed === 1 && this.#state.tasks.has(id)) throw new Error(`${id} was removed and is still there`);
  }

  async _cancelTask(which: number): Promise<void> {
    const id = pick(this.#state.active, which);
    if (id === undefined) return;
    await this.harness.run('cancelTask', { args: [id] });
    await this.#isIdempotent('cancelTask', () => this.harness.run('cancelTask', { args: [id] }));
  }

  async _register(which: number): Promise<void> {
    const absent = workers.filter((worker) => !this.#state.registered.has(worker));
    const worker = pick(absent.length > 0 ? absent : workers, which);
    if (absent.length > 0) this.#held.delete(worker);
    await this.harness.registerVisibly(worker);
    await this.#isIdempotent('registerWorker', () => this.harness.registerVisibly(worker));
  }

  async _crash(which: number): Promise<void> {
    const worker = this.#liveWorker(which);
    if (worker !== undefined) this.#crashed.add(worker);
  }

  async _recover(which: number, how: number): Promise<void> {
    const [dead] = this.#crashed;
    const worker = dead ?? this.#anyWorker(which);
    if (worker !== undefined) await this.#recover(worker, 1 + (how % 3));
  }

  /** Of a process that is dead: its worker is recovered before its lease is over. Or of one that had its id before. */
  async _reportDeath(which: number, how: number): Promise<void> {
    const [dead] = this.#crashed;
    if (dead !== undefined) {
      await this.harness.reportDeath(dead);
      await this.#look('reportDeath');
      await this.#isIdempotent('reportDeath', () => this.harness.reportDeath(dead));
      return this.#recover(dead, 1 + (how % 3), 0);
    }
    const worker = this.#liveWorker(which);
    if (worker === undefined) return;
    await this.#isIdempotent('reportDeath', () =>
      this.harness.reportDeath(worker, { process: `${worker}:0` }),
    );
  }

  async #recover(worker: string, maxCrashes: number, silentMs = leaseMs): Promise<void> {
    const beat = this.#state.beats.get(worker) ?? '0';
    await this.harness.recover(worker, { beat, maxCrashes, silentMs });
    this.#fairness.forget(this.#tagsOf(worker));
    // Nothing of a dead process runs on as a zombie.
    if (this.#crashed.delete(worker)) this.#held.delete(worker);
    await this.#look('recover');
  }

  async _retire(which: number): Promise<void> {
    const worker = this.#liveWorker(which);
    if (worker !== undefined) await this.#retire(worker);
  }

  async #retire(worker: string): Promise<void> {
    await this.harness.retire(worker);
    this.#fairness.forget(this.#tagsOf(worker));
    await this.#isIdempotent('retireWorker', () => this.harness.retire(worker));
  }

  async _leave(which: number): Promise<void> {
    const worker = this.#liveWorker(which);
    if (worker === undefined) return;
    await this.harness.run('leaveWorker', { caller: worker });
    this.#fairness.forget(this.#tagsOf(worker));
    await this.#isIdempotent('leaveWorker', () => this.harness.run('leaveWorker', { caller: worker }));
  }

  async _zombie(which: number, how: number): Promise<void> {
    const dead = workers.filter((worker) => !this.#state.registered.has(worker) && this.#held.has(worker));
    const worker = pick(dead, which);
    const task = worker === undefined ? undefined : this.#held.get(worker);
    if (worker === undefined || task === undefined) return;
    const { harness } = this;
    const calls = [
      () => harness.takeReply(worker),
      () => harness.commit(worker, task, { fetchNext: true }),
      () => harness.finish(worker, task, { fetchNext: true }),
      () => harness.retry(worker, task),
      () => harness.delay(worker, task),
      () => harness.run('leaveWorker', { caller: worker }),
    ];
    await this.#isRefused(WorkerFencedError, pick(calls, how));
  }

  async _setLimits(which: number, how: number): Promise<void> {
    await this.harness.setLimits(1 + (which % 2), { [pick(tags, how)]: 1 + (how % 3) });
    await this.#look('setLimits');
    for (const tag of [...tags, malformedTag]) if (limitOf(this.#state, tag) > 1) this.#unordered.add(tag);
  }

  async _pauseQueue(): Promise<void> {
    await this.harness.pauseQueue();
  }

  async _resumeQueue(): Promise<void> {
    await this.harness.resumeQueue();
  }

  async _setConcurrency(which: number): Promise<void> {
    const { redis } = this.harness;
    if (which % 4 === 0) await redis.hdel(this.harness.list('meta'), 'concurrency');
    else await redis.hset(this.harness.list('meta'), 'concurrency', which % 4);
  }

  /** Somebody removes a waiting task with a BullMQ that knows nothing of tags. */
  async _deleteHash(which: number): Promise<void> {
    const id = pick([...this.#state.seq.keys(), ...this.#state.wait], which);
    if (id === undefined) return;
    this.#ghosts.add(id);
    await this.harness.redis.del(this.harness.job(id));
  }

  async _deleteLock(which: number): Promise<void> {
    const id = pick(this.#state.active, which);
    if (id === undefined) return;
    this.#unlocked.add(id);
    await this.harness.redis.del(`${this.harness.job(id)}:lock`);
  }

  async _letTimePass(): Promise<void> {
    await this.harness.letTimePass();
    for (const id of this.#state.delayed) this.#isDue.add(id);
  }

  async _drain(): Promise<void> {
    await this.#drain();
    await this.#look('drain');
    for (const id of this.#state.seq.keys()) throw new Error(`drain left ${id}`);
  }

  async #drain(): Promise<void> {
    for (let position = 0; position >= 0;) {
      [position] = (await this.harness.run('drainIndexed', { args: [position, 3, 'all'] })) as [number];
    }
  }

  async _obliterate(_which: number, how: number): Promise<void> {
    const { harness } = this;
    const force = how % 2 === 0;
    const mayRun = this.#state.isPaused && (force || this.#state.active.length === 0);
    const code = await harness.run('obliterateIndexed', { args: ['check', force ? '1' : '0'] });
    assertSame('obliterate is allowed', code === 0, mayRun);
    if (code !== 0) return;
    for (const id of this.#state.active) this.#ghosts.add(id);
    await this.#drain();
    while ((await harness.bull.obliterate({ force, count: 2 })) > 0);
    await harness.addMany('plain', this.#newTask());
    await harness.dispatch({ maxBatchSize: this.#maxBatchSize });
    await harness.run('obliterateIndexed', { args: ['finish', force ? '1' : '0'] });
  }

  async _checkStats(which: number): Promise<void> {
    const { wait, prioritized, seq, active, delayed, completed, failed, isPaused, idle, registered, owners } =
      this.#state;
    const stats = (await this.harness.run('getQueueStats')) as number[];
    const waiting = wait.length + prioritized.length + seq.size;
    const expected = [
      waiting,
      active.length,
      delayed.length,
      completed.length,
      failed.length,
      isPaused ? 1 : 0,
    ];
    assertSame('the counts', stats.slice(0, 6), expected);
    assertSame('the workers', stats.slice(7), [owners.size, idle.length, registered.size]);
    const tag = pick(tags, which);
    const [inTag] = (await this.harness.run('getTagStats', { args: [tag] })) as [number];
    const dispatched = [...this.#state.workers.values()].flatMap(({ meta, wait: batch, next }) => [
      ...(meta.tag === tag ? batch : []),
      ...(meta.ntag === tag ? next : []),
    ]);
    assertSame(
      'the waiting tasks of a tag',
      inTag,
      dispatched.length + (this.#state.tags.get(tag)?.length ?? 0),
    );
  }

  readonly #isDue = new Set<string>();
  readonly #unlocked = new Set<string>();

  /** An attempt ends; every third time as if the reply was lost. */
  async #end(
    which: number,
    how: number,
    end: (
      worker: string,
      task: Taken,
      options: { fetchNext: boolean; short: boolean },
    ) => Promise<Taken | number | undefined>,
  ): Promise<void> {
    const worker = this.#liveWorker(which, (name) => this.#held.has(name));
    const task = worker === undefined ? undefined : this.#held.get(worker);
    if (worker === undefined || task === undefined) return;
    const options = { fetchNext: how % 2 === 0 && !this.#isLeaving(worker), short: how % 7 < 5 };
    const reply = await end(worker, task, options);
    await this.#look('end of an attempt');
    const isGone = typeof reply === 'number' && reply < 0;
    if (how % 3 === 0 && !isGone) {
      await this.#isIdempotent('the end of an attempt', async () => {
        const again = await end(worker, task, options);
        if (typeof reply === 'object') assertSame('a repeated call gives the same task', again, reply);
        else assertSame('a repeated call gives no task', typeof again, typeof reply);
      });
    }
    if (isGone && this.#state.tasks.has(task.id))
      throw new Error(`${task.id} was refused with ${String(reply)}`);
    this.#keep(worker, isGone ? undefined : reply);
  }

  async #isIdempotent(what: string, again: () => Promise<unknown>): Promise<void> {
    await this.#look(what);
    const before = this.#state;
    await again();
    await this.#look(`${what} again`);
    if (!isDeepStrictEqual(this.#state, before))
      assertSame(`${what} changes nothing when repeated`, this.#state, before);
  }

  async #isRefused(error: new (...args: never[]) => Error, call: () => Promise<unknown>): Promise<void> {
    const before = this.#state;
    const outcome = await call().catch((thrown: unknown) => thrown);
    if (!(outcome instanceof error)) throw new Error(`${error.name} was expected, not ${String(outcome)}`);
    await this.#look('a refusal');
    assertSame('a refusal changes nothing', this.#state, before);
  }

  #keep(worker: string, reply: Taken | number | undefined): void {
    if (typeof reply !== 'object') {
      this.#held.delete(worker);
      return;
    }
    this.#held.set(worker, reply);
  }

  async #look(after: string): Promise<void> {
    const before = this.#state as QueueState | undefined;
    this.#state = await readState(this.harness, { tags: [...tags, malformedTag], workers, ids: this.#tasks });
    const { active, locks } = this.#state;
    for (const id of this.#unlocked) if (!active.includes(id) || locks.has(id)) this.#unlocked.delete(id);
    const found = violations(this.#state, {
      maxBatchSize: this.#maxBatchSize,
      ghosts: new Set([...this.#ghosts, ...this.#unlocked]),
      unordered: this.#unordered,
    });
    found.push(...this.#startViolations(before), ...this.#fairness.observe(this.#state));
    if (found.length > 0) throw new Error(`After ${after}: ${found.join('; ')}\n${this.#describe()}`);
  }

  /** Tasks of a tag start in the order of their sequence numbers; a retry starts again before any later one. */
  #startViolations(before: QueueState | undefined): string[] {
    const found: string[] = [];
    for (const [worker, { meta }] of this.#state.workers) {
      const { cur, att, tag, seq } = meta;
      const last = before?.workers.get(worker)?.meta;
      if (
        cur === undefined ||
        tag === undefined ||
        this.#unordered.has(tag) ||
        (last?.cur === cur && last.att === att)
      )
        continue;
      if (Number(seq) < (this.#lastStarted.get(tag) ?? 0))
        found.push(`${cur} of ${tag} started after a later one`);
      this.#lastStarted.set(tag, Number(seq));
    }
    return found;
  }

  #liveWorker(which: number, also: (worker: string) => boolean = () => true): string | undefined {
    return this.#anyWorker(which, (worker) => !this.#crashed.has(worker) && also(worker));
  }

  #anyWorker(which: number, also: (worker: string) => boolean = () => true): string | undefined {
    return pick(this.#registered().filter(also), which);
  }

  #registered(): string[] {
    return workers.filter((worker) => this.#state.registered.has(worker));
  }

  #isLeaving(worker: string): boolean {
    return this.#state.workers.get(worker)?.meta.leaving !== undefined;
  }

  /** Tags whose place in the round a worker that went away has changed. */
  #tagsOf(worker: string): string[] {
    const { tag, ntag } = this.#state.workers.get(worker)?.meta ?? {};
    return [tag, ntag].filter((name) => name !== undefined);
  }

  #isBusy(): boolean {
    const { wait, prioritized, active, delayed, seq, ring, parked, owners } = this.#state;
    return [wait, prioritized, active, delayed, [...seq], ring, parked, [...owners]].some(
      (list) => list.length > 0,
    );
  }

  #newTask(): string {
    const id = `t${this.#tasks.length + 1}`;
    this.#tasks.push(id);
    return id;
  }

  #describe(): string {
    return JSON.stringify(this.#state, (_, value: unknown) => {
      if (value instanceof Map) return Object.fromEntries(value);
      return value instanceof Set ? [...value] : value;
    });
  }
}

function pick<T>(list: readonly T[], which: number): T {
  return list[which % list.length] as T;
}

function assertSame(what: string, is: unknown, should: unknown): void {
  if (isDeepStrictEqual(is, should)) return;
  throw new Error(`${what}: it is ${JSON.stringify(is)} and should be ${JSON.stringify(should)}`);
}

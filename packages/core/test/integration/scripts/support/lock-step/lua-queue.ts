import { StaleLeaderError, WorkerFencedError } from '../../../../../src/errors/errors.js';
import { layoutVersion } from '../../../../../src/redis/queue-keys.js';
import type { ModelQueue } from '../../../../model/queue.js';
import type { Harness, Taken } from '../harness.js';

type Answer<Reply> = Promise<Reply>;

/** The steps of the model, by the scripts. */
export type ModelSteps = {
  readonly [Name in Exclude<keyof ModelQueue, 'isReady'>]: (
    ...args: Parameters<ModelQueue[Name]>
  ) => Answer<ReturnType<ModelQueue[Name]>>;
};

interface Slot {
  /** Of each worker that the slot stood for, the present one last. */
  readonly names: string[];
  held: Taken | undefined;
  ghost: { readonly name: string; readonly held: Taken } | undefined;
  isDead: boolean;
}

const ttlMs = 600_000;
/** Nobody's crashes make a poison task: the model counts none. */
const maxCrashes = 1_000_000;
/** Fencing tokens are times; those of the future make every look-ahead seem new, however slow the machine is. */
const aheadOfTime = 9_000_000_000_000_000;

/** A queue in Redis that takes the steps of the model. Its leaders, workers, tags and tasks are numbers here as there. */
export class LuaQueue implements ModelSteps {
  readonly #slots: Slot[];
  /** The last lock value of each leader. */
  readonly #terms: string[];
  #tasks = 0;
  /** Each time and place in an order is a new one. */
  #clock = 0;

  constructor(
    readonly harness: Harness,
    leaders: number,
    workers: number,
    private readonly tags: readonly string[],
    private readonly maxBatchSize: number,
  ) {
    this.#terms = Array.from({ length: leaders }, () => '');
    this.#slots = Array.from({ length: workers }, () => ({
      names: [],
      held: undefined,
      ghost: undefined,
      isDead: false,
    }));
  }

  async start(): Promise<void> {
    await this.harness.redis.hset(this.harness.list('aff:ctl'), 'fence', aheadOfTime);
  }

  taskName(id: number): string {
    return `t${id}`;
  }

  /** The present worker of a slot. */
  workerName(slot: number): string {
    return this.#slots[slot]!.names.at(-1) ?? `nobody-${slot}`;
  }

  get workerNames(): string[] {
    return this.#slots.flatMap(({ names }) => names);
  }

  /** What the lock holds while a leader has it. */
  term(leader: number): string {
    return this.#terms[leader]!;
  }

  async add(tag: number): Promise<void> {
    await this.harness.addMany(this.tags[tag]!, this.#newTask());
  }

  async addAtOnce(tag: number): Promise<void> {
    await this.harness.addAtOnce(this.tags[tag]!, this.#newTask());
  }

  async elect(leader: number): Promise<void> {
    const { harness } = this;
    const { electionLock, leaderInfo } = harness.keys;
    const [lifeless, info] = await Promise.all([
      harness.redis.get(electionLock),
      harness.redis.get(leaderInfo),
    ]);
    const node = `leader-${leader}`;
    const own = [ttlMs, `{"nodeId":"${node}","epoch":__EPOCH__}`, lifeless ?? '', layoutVersion, info ?? ''];
    const reply = await harness.run('acquireLeadership', {
      caller: node,
      keys: this.#electionKeys,
      args: own,
    });
    const [won, term] = reply as [number, string];
    if (won !== 1) throw new Error(`${node} was not elected: ${term} holds the lock`);
    this.#terms[leader] = term;
  }

  async expire(): Promise<void> {
    await this.harness.redis.del(this.harness.keys.electionLock);
  }

  async resign(leader: number): Promise<boolean> {
    const call = { caller: this.term(leader), keys: this.#electionKeys };
    return isAccepted(StaleLeaderError, this.harness.run('resignLeadership', call));
  }

  async dispatch(leader: number): Promise<boolean> {
    const { maxBatchSize } = this;
    return isAccepted(StaleLeaderError, this.harness.dispatch({ leader: this.term(leader), maxBatchSize }));
  }

  async take(worker: number): Promise<number> {
    return this.#keep(worker, await this.harness.takeReply(this.workerName(worker)));
  }

  /** By the way of groups and by that of BullMQ, by turns. */
  async complete(worker: number, short: boolean, fetchNext: boolean): Promise<number> {
    const { name, held } = this.#running(worker);
    const way = (this.#clock += 1) % 3 === 0 ? 'commit' : 'finish';
    return this.#keep(worker, await this.harness[way](name, held, { short, fetchNext }));
  }

  async fail(worker: number, short: boolean, fetchNext: boolean): Promise<number> {
    const { name, held } = this.#running(worker);
    return this.#keep(worker, await this.harness.commit(name, held, { short, fetchNext, failed: true }));
  }

  async retry(worker: number, short: boolean, fetchNext: boolean, parks: boolean): Promise<number> {
    const { name, held } = this.#running(worker);
    // No two back-offs end in the same millisecond, and an earlier one ends earlier.
    const delayMs = parks ? ttlMs + (this.#clock += 1) * 1_000 : 0;
    return this.#keep(worker, await this.harness.retry(name, held, { short, fetchNext, delayMs }));
  }

  async backOffEnds(tag: number): Promise<void> {
    const parked = this.harness.list('aff:parked');
    await this.harness.redis.zadd(parked, 'XX', (this.#clock += 1), this.tags[tag]!);
  }

  async lookAheadsWait(): Promise<void> {
    const { harness } = this;
    for (const worker of await harness.redis.lrange(harness.list('aff:ahead'), 0, -1))
      await harness.redis.hset(harness.worker(worker, 'meta'), 'nfence', (this.#clock += 1));
  }

  async pause(tag: number): Promise<void> {
    await this.harness.pauseTag(this.tags[tag]!);
  }

  async resume(tag: number): Promise<void> {
    await this.harness.resumeTag(this.tags[tag]!);
  }

  /** A worker whose process is dead sends nothing more, and that is all. */
  async crash(worker: number): Promise<void> {
    this.#slots[worker]!.isDead = true;
  }

  async recover(leader: number, worker: number): Promise<boolean> {
    const slot = this.#slots[worker]!;
    const name = this.workerName(worker);
    const call = this.harness.recover(name, { leader: this.term(leader), maxCrashes });
    if (!(await isAccepted(StaleLeaderError, call))) return false;
    if (!slot.isDead) slot.ghost = slot.held && { name, held: slot.held };
    slot.held = undefined;
    return true;
  }

  async retire(worker: number): Promise<void> {
    await this.harness.retire(this.workerName(worker));
    this.#slots[worker]!.held = undefined;
  }

  async leave(worker: number): Promise<void> {
    await this.harness.run('leaveWorker', { caller: this.workerName(worker) });
  }

  async register(worker: number): Promise<void> {
    const slot = this.#slots[worker]!;
    slot.names.push(`w${worker}-${slot.names.length}`);
    slot.isDead = false;
    await this.harness.register(this.workerName(worker));
  }

  async zombieCommits(worker: number): Promise<boolean> {
    const slot = this.#slots[worker]!;
    const { ghost } = slot;
    if (ghost === undefined) throw new Error('there is no zombie');
    slot.ghost = undefined;
    return isAccepted(WorkerFencedError, this.harness.commit(ghost.name, ghost.held));
  }

  async remove(id: number): Promise<void> {
    const removed = await this.harness.remove(this.taskName(id));
    if (removed !== 1) throw new Error(`${this.taskName(id)} was not removed: ${String(removed)}`);
  }

  #running(worker: number): { readonly name: string; readonly held: Taken } {
    const { held } = this.#slots[worker]!;
    if (held === undefined) throw new Error('the worker runs nothing');
    return { name: this.workerName(worker), held };
  }

  /** @returns the number of the task that was given; -1: none */
  #keep(worker: number, reply: Taken | number | undefined): number {
    if (typeof reply === 'number' && reply !== 0) throw new Error(`the script answered ${reply}`);
    this.#slots[worker]!.held = typeof reply === 'object' ? reply : undefined;
    return typeof reply === 'object' ? Number(reply.id.slice(1)) : -1;
  }

  #newTask(): string {
    return this.taskName(this.#tasks++);
  }

  get #electionKeys(): string[] {
    const { electionEpoch, leaderInfo, electionVacancy } = this.harness.keys;
    return [electionEpoch, leaderInfo, electionVacancy];
  }
}

/** @returns false where the caller was refused, and refused as it should be */
async function isAccepted(
  refusal: new (...args: never[]) => Error,
  call: Promise<unknown>,
): Promise<boolean> {
  const outcome = await call.catch((thrown: unknown) => thrown);
  if (outcome instanceof refusal) return false;
  if (outcome instanceof Error) throw outcome;
  return true;
}

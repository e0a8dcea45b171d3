import {
  QueueKeys as BullKeys,
  RedisQueueBackend,
  type JobState,
  type JobType,
  type QueueBaseOptions,
  type RedisConnection,
} from 'bullmq';
import { UnsupportedOperationError } from '../errors/errors.js';
import { bullPrefix } from '../redis/queue-keys.js';
import type { QueueScripts } from '../redis/queue-scripts.js';

/** Registered workers, for `queue.getWorkers()`. */
export interface RegisteredWorker {
  readonly workerId: string;
  readonly hostname: string;
  readonly processId: number;
}

export interface PendingQueueBackendOptions {
  readonly connection: RedisConnection;
  readonly pendingQueueName: string;
  readonly scripts: QueueScripts;
  readonly listWorkers: () => Promise<readonly RegisteredWorker[]>;
  readonly bullOptions: QueueBaseOptions;
}

/** How many tasks one cleaning script looks at; keeps each call in the low milliseconds. */
const cleanWindow = 200;

const isWaiting = (state: string): boolean => state === 'wait' || state === 'waiting';

/**
 * BullMQ's backend for the pending queue, completed by what BullMQ does not know: tasks that are indexed by tag or
 * dispatched to a worker are waiting tasks too, although they are not in BullMQ's `wait`.
 *
 * Uses a connection of ours and never closes it.
 */
export class PendingQueueBackend extends RedisQueueBackend {
  protected readonly scripts: QueueScripts;
  readonly #listWorkers: () => Promise<readonly RegisteredWorker[]>;

  constructor({ connection, pendingQueueName, scripts, listWorkers, bullOptions }: PendingQueueBackendOptions) {
    const keys = new BullKeys(bullPrefix);
    super(
      connection,
      pendingQueueName,
      keys.getKeys(pendingQueueName),
      (type) => keys.toKey(pendingQueueName, type),
      bullOptions,
      undefined,
      false,
    );
    this.scripts = scripts;
    this.#listWorkers = listWorkers;
  }

  override async getState(jobId: string): Promise<JobState | 'unknown'> {
    const states = ['completed', 'failed', 'delayed', 'active', 'wait', 'paused', 'waiting-children', 'prioritized'];
    const keys = states.map((state) => this.toKey(state));
    return (await this.scripts.run('getTaskState', { keys, args: [jobId] })) as JobState | 'unknown';
  }

  override async isJobInState(state: string, jobId: string): Promise<boolean> {
    return isWaiting(state) ? (await this.getState(jobId)) === 'waiting' : super.isJobInState(state, jobId);
  }

  override async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    const states = types.map((type) => (type === 'waiting' ? 'wait' : type));
    const args = delayedTimestamp === undefined ? states : [delayedTimestamp, ...states];
    return (await this.scripts.run('getTaskCounts', { keys: [this.toKey('')], args })) as number[];
  }

  override async getJobs(types: JobType[], start = 0, end = -1, asc = false): Promise<[string, string[]][][]> {
    return this.#perType(
      types,
      (others) => super.getJobs(others, start, end, asc),
      async () => (await this.#waitingTasks(start, end, asc, true)) as [string, string[]][],
    );
  }

  /** BullMQ returns lists as they lie, and its caller reverses them for ascending order. */
  override async getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    return this.#perType(
      types,
      (others) => super.getRanges(others, start, end, asc),
      async () => {
        const ids = (await this.#waitingTasks(start, end, asc, false)) as [string];
        return asc ? (ids.reverse() as [string]) : ids;
      },
    );
  }

  override async remove(jobId: string, removeChildren: boolean): Promise<number> {
    return this.#remove(jobId, removeChildren, false);
  }

  /**
   * Removes a task that waits or is delayed.
   *
   * @returns whether it did; `false` for a running task
   * @throws {@link TaskNotFoundError} when there is no such task, or it has finished
   */
  async removeUnfinished(jobId: string): Promise<boolean> {
    return (await this.#remove(jobId, true, true)) === 1;
  }

  override async drain(delayed: boolean): Promise<void> {
    await super.drain(delayed);
    await this.#cleanIndexed('+inf', Number.POSITIVE_INFINITY);
  }

  override async cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    const removed = await super.cleanJobsByState(state, timestamp, limit);
    if (!isWaiting(state)) return removed;
    const left = limit > 0 ? limit - removed.length : Number.POSITIVE_INFINITY;
    return left > 0 ? [...removed, ...(await this.#cleanIndexed(timestamp, left))] : removed;
  }

  override async obliterate(opts: { force: boolean; count: number }): Promise<number> {
    const force = opts.force ? '1' : '0';
    const code = await this.scripts.run('obliterateIndexed', { args: ['check', force] });
    if (code === -1) throw new Error('Cannot obliterate non-paused queue');
    if (code === -2) throw new Error('Cannot obliterate queue with active jobs');
    const removed = await this.#cleanIndexed('+inf', opts.count);
    if (removed.length >= opts.count) return 1;
    const cursor = await super.obliterate(opts);
    if (cursor === 0) await this.scripts.run('obliterateIndexed', { args: ['finish', force] });
    return cursor;
  }

  override async pause(pause: boolean): Promise<void> {
    if (pause) return super.pause(true);
    let emitEvent = true;
    let left: number;
    do {
      const args = this.pauseArgs(false, emitEvent);
      const keys = args.slice(0, 7).map(String);
      left = Number(await this.scripts.run('resumeQueue', { keys, args: args.slice(7) }));
      emitEvent = false;
    } while (left > 0);
  }

  /** @throws {@link UnsupportedOperationError} always */
  override changePriority(): Promise<void> {
    const reason = 'a priority contradicts the order within a tag';
    return Promise.reject(new UnsupportedOperationError({ operation: 'changePriority', reason }));
  }

  /** BullMQ takes every task that is in none of its own lists for an orphan. @throws {@link UnsupportedOperationError} */
  override removeOrphanedJobs(): Promise<number> {
    const reason = 'it would delete every task that is indexed by its tag or dispatched to a worker';
    return Promise.reject(new UnsupportedOperationError({ operation: 'removeOrphanedJobs', reason }));
  }

  /** The registry, in the form of Redis' CLIENT LIST, which BullMQ would look through for the names of its workers. */
  override async getClientList(): Promise<string[]> {
    const workers = await this.#listWorkers();
    const lines = workers.map(
      ({ workerId, hostname, processId }, index) =>
        `id=${index + 1} addr=${hostname}:${processId} name=${this.clientName(`:w:${workerId}`)} cmd=affinity`,
    );
    return [lines.join('\n')];
  }

  async #remove(jobId: string, removeChildren: boolean, unfinishedOnly: boolean): Promise<number> {
    const args = [...this.removeArgs(jobId, removeChildren), unfinishedOnly ? 1 : 0];
    const call = { keys: args.slice(0, 2).map(String), args: args.slice(2), context: { jobId } };
    const code = (await this.scripts.run('removeTask', call)) as number;
    if (code < 0) throw this.finishedErrors({ code, jobId, command: 'removeJob' });
    return code;
  }

  async #perType<T>(
    types: JobType[],
    readOthers: (others: JobType[]) => Promise<T[]>,
    readWaiting: () => Promise<T>,
  ): Promise<T[]> {
    const distinct = [...new Set(types.map((type) => (type === 'waiting' ? 'wait' : type)))];
    const others = distinct.filter((type) => type !== 'wait');
    const [waiting, rest] = await Promise.all([
      distinct.includes('wait') ? readWaiting() : undefined,
      others.length > 0 ? readOthers(others) : [],
    ]);
    return distinct.map((type) => (type === 'wait' ? waiting : rest[others.indexOf(type)]) as T);
  }

  #waitingTasks(start: number, end: number, asc: boolean, withHashes: boolean): Promise<unknown> {
    return this.scripts.run('getWaitingTasks', { args: [start, end, asc ? 1 : 0, withHashes ? 1 : 0] });
  }

  async #cleanIndexed(until: number | '+inf', most: number): Promise<string[]> {
    const removed: string[] = [];
    let position = 0;
    while (position >= 0 && removed.length < most) {
      const args = [position, cleanWindow, until, Math.min(most - removed.length, cleanWindow)];
      const [next, ...ids] = (await this.scripts.run('cleanIndexed', { args })) as [number, ...string[]];
      removed.push(...ids);
      position = next;
    }
    return removed;
  }
}

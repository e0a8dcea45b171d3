import {
  QueueKeys as BullKeys,
  type RedisQueueBackend,
  type JobProgress,
  type JobType,
  type KeepJobs,
  type MinimalJob,
  type MoveToDelayedOpts,
  type QueueBaseOptions,
  type RedisConnection,
} from 'bullmq';
import type { PayloadCodec } from '../domain/payload-codec.js';
import { UnsupportedOperationError } from '../errors/errors.js';
import { luaSources } from '../redis/generated/lua-sources.js';
import { bullPrefix } from '../redis/queue-keys.js';
import type { QueueScripts } from '../redis/queue-scripts.js';
import { IndexedTasks } from './indexed-tasks.js';
import { isWaiting, perType, tagIn } from './job-types.js';
import { belongsToScheduler, nextOfSchedule } from './next-of-schedule.js';
import { completedBy } from './completed-scripts.js';
import { encodeProgress } from './progress.js';
import { EncodingBackend } from './encoding-backend.js';
import { asClientLine, isRefusedCommand, type RegisteredWorker } from './registered-workers.js';
import { asArguments } from './script-arguments.js';

export interface PendingQueueBackendOptions {
  readonly connection: RedisConnection;
  readonly pendingQueueName: string;
  readonly scripts: QueueScripts;
  readonly listWorkers: () => Promise<readonly RegisteredWorker[]>;
  readonly bullOptions: QueueBaseOptions;
  /** The worker that this backend serves, if any. */
  readonly workerId?: string;
  readonly payloadCodec?: PayloadCodec | undefined;
}

/** Locks are not what keeps a task: the lease of its worker is. So they last longer than any task (24.8 days). */
export const lockDurationMs = 2 ** 31 - 1;

/** KEYS[1..3] of every script of ours. */
const ownKeys = 3;

/** Reply of the scripts that write a task's data: it would change its tag. */
const changesTag = 1;

type Client = Parameters<RedisQueueBackend['execCommand']>[0];

/**
 * BullMQ's backend for the pending queue, completed by what BullMQ does not know: tasks that are indexed by tag or
 * dispatched to a worker are waiting tasks too, although they are not in BullMQ's `wait`.
 *
 * Uses a connection of ours and never closes it.
 */
export class PendingQueueBackend extends EncodingBackend {
  readonly #scripts: QueueScripts;
  readonly #indexed: IndexedTasks;
  readonly #listWorkers: () => Promise<readonly RegisteredWorker[]>;
  readonly #workerId: string;

  constructor(options: PendingQueueBackendOptions) {
    const { connection, pendingQueueName, scripts, listWorkers, bullOptions, payloadCodec } = options;
    const keys = new BullKeys(bullPrefix);
    super(
      payloadCodec,
      connection,
      pendingQueueName,
      keys.getKeys(pendingQueueName),
      (type) => keys.toKey(pendingQueueName, type),
      bullOptions,
      undefined,
      false,
    );
    this.#scripts = scripts;
    this.#indexed = new IndexedTasks(scripts);
    this.#listWorkers = listWorkers;
    this.#workerId = options.workerId ?? '';
  }

  override execCommand(client: Client, commandName: string, args: unknown[]): unknown {
    const script = completedBy[commandName];
    if (script === undefined) return super.execCommand(client, commandName, args);
    const count = luaSources[script].numberOfKeys - ownKeys;
    const [keys, rest] = [args.slice(0, count).map(String), asArguments(args.slice(count))];
    const workerId = this.#workerId;
    return this.#scripts.run(script, { caller: workerId, keys, args: rest, context: { workerId } });
  }

  override async isJobInState(state: string, jobId: string): Promise<boolean> {
    return isWaiting(state) ? (await this.getState(jobId)) === 'waiting' : super.isJobInState(state, jobId);
  }

  /** Within a tag a priority has no meaning: what is indexed counts as having none. */
  override async getCountsPerPriority(priorities: number[]): Promise<number[]> {
    const counts = await super.getCountsPerPriority(priorities);
    const [waiting = 0] = await this.getCounts(['waiting']);
    return counts.map((count, index) => (priorities[index] === 0 ? waiting : count));
  }

  override async getJobs(
    types: JobType[],
    start = 0,
    end = -1,
    asc = false,
  ): Promise<[string, string[]][][]> {
    return perType(
      types,
      (others) => super.getJobs(others, start, end, asc),
      () => this.#indexed.page(start, end, asc),
    );
  }

  /** BullMQ returns lists as they lie, and its caller reverses them for ascending order. */
  override async getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    return perType(
      types,
      (others) => super.getRanges(others, start, end, asc),
      async () => {
        const ids = await this.#indexed.pageOfIds(start, end, asc);
        return (asc ? ids.reverse() : ids) as [string];
      },
    );
  }

  /**
   * Removes a task that waits or is delayed.
   *
   * @returns whether it did; `false` for a running task
   * @throws {@link TaskNotFoundError} when there is no such task, or it has finished; {@link UnsupportedOperationError} for the
   *   next task of a schedule
   */
  async removeUnfinished(jobId: string): Promise<boolean> {
    const args = [...this.removeArgs(jobId, true), 1];
    const call = { keys: args.slice(0, 2).map(String), args: args.slice(2), context: { jobId } };
    const code = (await this.#scripts.run('removeTask', call)) as number;
    if (code === belongsToScheduler) throw nextOfSchedule(jobId);
    if (code < 0) throw this.finishedErrors({ code, jobId, command: 'removeJob' });
    return code === 1;
  }

  override async drain(delayed: boolean): Promise<void> {
    await super.drain(delayed);
    await this.#indexed.drain('keep-scheduled');
  }

  /** The oldest first, as BullMQ does: those that are indexed have been added before those in `wait`. */
  override async cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    if (!isWaiting(state)) return super.cleanJobsByState(state, timestamp, limit);
    const most = limit > 0 ? limit : Number.POSITIVE_INFINITY;
    const removed = await this.#indexed.expire(timestamp, most);
    if (removed.length === most) return removed;
    const added = await super.cleanJobsByState('wait', timestamp, limit > 0 ? limit - removed.length : 0);
    return [...removed, ...added];
  }

  override async obliterate(opts: { force: boolean; count: number }): Promise<number> {
    const force = opts.force ? '1' : '0';
    const code = await this.#scripts.run('obliterateIndexed', { args: ['check', force] });
    if (code === -1) throw new Error('Cannot obliterate non-paused queue');
    if (code === -2) throw new Error('Cannot obliterate queue with active jobs');
    if ((await this.#indexed.drain('all', opts.count)) >= opts.count) return 1;
    const cursor = await super.obliterate(opts);
    if (cursor === 0) await this.#scripts.run('obliterateIndexed', { args: ['finish', force] });
    return cursor;
  }

  override async pause(pause: boolean): Promise<void> {
    if (pause) return super.pause(true);
    let emitEvent = true;
    let left: number;
    do {
      const args = this.pauseArgs(false, emitEvent);
      left = Number(
        await this.#scripts.run('resumeQueue', { keys: args.slice(0, 7).map(String), args: args.slice(7) }),
      );
      emitEvent = false;
    } while (left > 0);
  }

  /** @throws {@link UnsupportedOperationError} for other data than that of a task with the same tag, once it is indexed */
  override async updateData<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    data: T,
  ): Promise<void> {
    const id = job.id ?? '';
    const args = [this.storedData(job, data), id, tagIn(data)];
    const reply = await this.#scripts.run('changeTaskData', { keys: [this.toKey(id)], args });
    this.assertWritten(reply, id, 'updateData');
  }

  override async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    encodeProgress(progress);
    await super.updateProgress(jobId, progress);
  }

  override async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    const keys = [this.toKey(jobId), `${this.toKey(jobId)}:logs`];
    const args = ['', jobId, jobId, logRow, keepLogs ? keepLogs : ''];
    const reply = await this.#scripts.run('addTaskLog', { keys, args, context: { jobId } });
    this.assertWritten(reply, jobId, 'addLog');
    return reply as number;
  }

  /** A worker sleeps while the concurrency is used up; the leader gives it more when that changes. */
  override async setQueueMeta(values: Record<string, string | number>): Promise<number> {
    const count = await super.setQueueMeta(values);
    if ('concurrency' in values) await this.#scripts.run('wakeLeader');
    return count;
  }

  override async removeQueueMetaFields(fields: string[]): Promise<number> {
    const count = await super.removeQueueMetaFields(fields);
    if (fields.includes('concurrency')) await this.#scripts.run('wakeLeader');
    return count;
  }

  /** Nobody renews locks: none must be made to end earlier. */
  override extendLock(jobId: string, token: string, _duration: number, client?: Client): Promise<number> {
    return super.extendLock(jobId, token, lockDurationMs, client);
  }

  override extendLocks(jobIds: string[], tokens: string[], _duration: number): Promise<string[]> {
    return super.extendLocks(jobIds, tokens, lockDurationMs);
  }

  // Whoever holds a job's token may end its attempt from here too; but only workers take tasks.

  override async moveToCompleted<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    _fetchNext: boolean,
  ): Promise<{ result: unknown[] | undefined; finishedOn: number }> {
    const { finishedOn } = await super.moveToCompleted(job, returnValue, removeOnComplete, token, false);
    return { result: undefined, finishedOn };
  }

  override async moveToFailed<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    _fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Promise<{ result: unknown[] | undefined; finishedOn: number }> {
    const { finishedOn } = await super.moveToFailed(
      job,
      failedReason,
      removeOnFail,
      token,
      false,
      fieldsToUpdate,
    );
    return { result: undefined, finishedOn };
  }

  override moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token?: string,
    opts: MoveToDelayedOpts = {},
  ): Promise<void | unknown[]> {
    return super.moveToDelayed(jobId, timestamp, delay, token, { ...opts, fetchNext: false });
  }

  override moveToActive(_token: string): Promise<unknown[]> {
    return unsupported('moveToActive', 'tasks are taken by the workers that their tags are bound to');
  }

  /** @throws {@link UnsupportedOperationError} always */
  override moveStalledJobsToWait(): Promise<string[]> {
    const reason = 'the leader decides which workers are dead, by their heartbeats';
    return unsupported('moveStalledJobsToWait', reason);
  }

  /** @throws {@link UnsupportedOperationError} always */
  override changePriority(): Promise<void> {
    return unsupported('changePriority', 'a priority contradicts the order within a tag');
  }

  /** BullMQ takes every task that is in none of its own lists for an orphan. @throws {@link UnsupportedOperationError} */
  override removeOrphanedJobs(): Promise<number> {
    const reason = 'it would delete every task that is indexed by its tag or dispatched to a worker';
    return unsupported('removeOrphanedJobs', reason);
  }

  /** Redis' clients, as far as we may see them, and the registered workers: BullMQ looks for its workers there. */
  override async getClientList(): Promise<string[]> {
    const [clients, workers] = await Promise.all([
      super.getClientList().catch((error: unknown) => {
        if (isRefusedCommand(error)) return [];
        throw error;
      }),
      this.#listWorkers(),
    ]);
    const lines = workers.map((worker) => asClientLine(worker, this.clientName(`:w:${worker.workerId}`)));
    return [[...clients, ...lines].join('\n')];
  }

  /** @throws what the code of a script that writes about one task stands for */
  protected assertWritten(reply: unknown, jobId: string, command: string): void {
    if (command === 'updateData' && reply === changesTag) {
      const reason = 'the data of a task that is indexed or runs must keep its identifyTag';
      throw new UnsupportedOperationError({ operation: command, reason });
    }
    if (typeof reply === 'number' && reply < 0) throw this.finishedErrors({ code: reply, jobId, command });
  }
}

function unsupported(operation: string, reason: string): Promise<never> {
  return Promise.reject(new UnsupportedOperationError({ operation, reason }));
}

import type { Job, Queue } from 'bullmq';
import type { Observable } from 'rxjs';
import { createPendingQueue } from '../bullmq/queue-factory.js';
import { PendingQueueBackend } from '../bullmq/pending-queue-backend.js';
import { assertValidTag, encodeTaskData } from '../domain/task-data.js';
import type { Task } from '../domain/task.js';
import type { TaskOptions } from '../domain/task-options.js';
import { assertValidTaskOptions } from '../domain/validate-task-options.js';
import type { WorkerState } from '../domain/worker-state.js';
import { InvalidTaskError, QueueClosedError, TaskNotFoundError } from '../errors/errors.js';
import type { QueueEvent } from '../observability/events/queue-event.js';
import { QueueEventsHub } from '../observability/events/queue-events-hub.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { asTypedError } from '../redis/script-runner.js';
import { FinishedTasks } from './finished-task.js';
import { decodeQueueStats, decodeTagStats, type QueueStats, type TagStats } from './queue-stats.js';
import { newTaskId } from './task-ids.js';

/** A task for `addBulk`, with options of its own. @publicApi */
export interface BulkTask extends Task {
  options?: TaskOptions;
}

/** Which failed tasks `retryFailed` means; all that are given must match. @publicApi */
export interface RetryFilter {
  identifyTag?: string;
  type?: string;
  /** At most so many. */
  limit?: number;
}

/** What `cancel` did. @publicApi */
export type CancelResult = 'removed' | 'aborted' | 'not-found';

export interface QueueServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  /** Faults of this instance's queue, beside being logged. */
  readonly errors$: Observable<unknown>;
}

const purgeWindow = 200;
const failedPage = 200;

/**
 * Adds tasks to a queue, and everything to look at and to steer it.
 *
 * Every method rejects with {@link CommandTimeoutError} when Redis does not answer within `commandTimeout`.
 *
 * @publicApi
 */
export class QueueService {
  /** The BullMQ queue, for everything else: dashboards, job schedulers, metrics. */
  readonly queue: Queue;

  /**
   * What happens in the queue, in all instances, from the subscription on. Delivery is at most once; after a lost connection
   * it resumes where it stopped as long as the stream (10,000 entries by default) still holds that point. Opens one more
   * connection while somebody is subscribed.
   */
  readonly events$: Observable<QueueEvent>;

  /** Faults that this instance met while working for this queue, and that nobody awaited. */
  readonly errors$: Observable<unknown>;

  readonly #context: QueueContext;
  readonly #log: QueueLog;
  readonly #events: QueueEventsHub;
  readonly #finished: FinishedTasks;
  #closed = false;

  /** @internal */
  constructor({ context, log, onError, errors$ }: QueueServiceDependencies) {
    this.#context = context;
    this.#log = log;
    this.errors$ = errors$;
    this.queue = createPendingQueue(context);
    this.queue.on('error', onError);
    this.#events = new QueueEventsHub(context, onError);
    this.events$ = this.#events.events$;
    this.#finished = new FinishedTasks(this.#events, (jobId) => this.#readFinished(jobId));
  }

  /**
   * Adds a task at the end of its tag. Once this resolves the task is stored: it will complete, fail, or be removed on
   * request.
   *
   * @returns the BullMQ job that carries it; its state, progress and result can be asked for at any time
   * @throws {@link InvalidTaskError}, {@link InvalidTaskOptionError}, {@link UnsupportedTaskOptionError} (`priority`, `lifo`),
   *   {@link ReservedJobIdError}; nothing is added then
   * @example
   * await queueService.add({ type: 'send-email', identifyTag: 'company-123', payload: { to: 'user@example.com' } });
   */
  async add<P>(task: Task<P>, options?: TaskOptions): Promise<Job> {
    const { name, data, opts } = this.#toJob(task, options);
    return this.#call('add', () => this.queue.add(name, data, opts));
  }

  /**
   * Adds many tasks, each as {@link add} does, in their order. All are checked first: one bad task and none is added.
   */
  async addBulk(tasks: readonly BulkTask[]): Promise<Job[]> {
    const jobs = tasks.map((task, index) => {
      try {
        return this.#toJob(task, task.options);
      } catch (error) {
        if (error instanceof InvalidTaskError) throw new InvalidTaskError({ ...error.details, index }, { cause: error });
        throw error;
      }
    });
    return this.#call('addBulk', () => this.queue.addBulk(jobs));
  }

  async getJob(jobId: string): Promise<Job | undefined> {
    return this.#call('getJob', () => this.queue.getJob(jobId));
  }

  /**
   * Waits for a task's end.
   *
   * @param timeoutMs - milliseconds; for ever when left out
   * @returns the handler's result
   * @throws {@link TaskFailedError} with the handler's message, {@link WaitTimeoutError}, {@link TaskNotFoundError} (never
   *   added, removed, or finished and not kept)
   */
  async waitUntilFinished(jobOrId: Pick<Job, 'id'> | string, timeoutMs?: number): Promise<unknown> {
    const jobId = typeof jobOrId === 'string' ? jobOrId : jobOrId.id;
    if (jobId === undefined) throw new TaskNotFoundError({});
    this.#assertOpen();
    return this.#finished.wait(jobId, timeoutMs);
  }

  async getQueueStats(): Promise<QueueStats> {
    return decodeQueueStats(await this.#run('getQueueStats'));
  }

  /** @throws {@link InvalidTaskError} for what cannot be a tag */
  async getTagStats(identifyTag: string): Promise<TagStats> {
    return decodeTagStats(identifyTag, await this.#runForTag('getTagStats', identifyTag));
  }

  /** Lets no further task of the tag start, in any instance, until {@link resumeTag}. What runs goes on. */
  async pauseTag(identifyTag: string): Promise<void> {
    await this.#runForTag('pauseTag', identifyTag);
    this.#log.info('tagPaused', { identifyTag });
  }

  /** Lets a paused tag go on, in its order. */
  async resumeTag(identifyTag: string): Promise<void> {
    await this.#runForTag('resumeTag', identifyTag);
    this.#log.info('tagResumed', { identifyTag });
  }

  /**
   * Removes the waiting tasks of a tag. What runs goes on; delayed tasks stay; tasks that are added meanwhile may stay.
   *
   * @returns how many were removed
   */
  async purgeTag(identifyTag: string): Promise<number> {
    let removed = 0;
    for (let position = 0; ;) {
      const reply = await this.#runForTag('purgeTag', identifyTag, [position, purgeWindow]);
      const [count, next] = reply as [number, number];
      removed += count;
      if (next < 0 && count === 0) break;
      position = next;
    }
    this.#log.info('tagPurged', { identifyTag, removed });
    return removed;
  }

  /** Removes a task that waits or is delayed. @returns whether it did; `false` if it runs, has finished or is not there */
  async remove(jobId: string): Promise<boolean> {
    this.#assertOpen();
    try {
      return await (this.queue.getBackend() as unknown as PendingQueueBackend).removeUnfinished(jobId);
    } catch (error) {
      if (error instanceof TaskNotFoundError) return false;
      throw error;
    }
  }

  /**
   * Stops a task for good: one that waits is removed; one that runs has its handler's AbortSignal aborted, and fails without
   * further attempts when the handler throws. A handler that ignores its signal may still complete.
   */
  async cancel(jobId: string): Promise<CancelResult> {
    this.#assertOpen();
    try {
      if (await (this.queue.getBackend() as unknown as PendingQueueBackend).removeUnfinished(jobId)) return 'removed';
    } catch (error) {
      if (error instanceof TaskNotFoundError) return 'not-found';
      throw error;
    }
    return (await this.#run('cancelTask', [jobId])) === 1 ? 'aborted' : 'not-found';
  }

  /**
   * Gives failed tasks a fresh set of attempts; each goes to the end of its tag, those that failed first come first.
   *
   * @returns how many
   */
  async retryFailed({ identifyTag, type, limit = Number.POSITIVE_INFINITY }: RetryFilter = {}): Promise<number> {
    let retried = 0;
    for (let start = 0; retried < limit;) {
      const page = await this.#call('getJobs', () =>
        this.queue.getJobs(['failed'], start, start + failedPage - 1, true),
      );
      for (const job of page) {
        const { identifyTag: tag } = (job.data ?? {}) as Partial<Task>;
        const matches =
          (identifyTag === undefined || tag === identifyTag) && (type === undefined || job.name === type);
        if (!matches || retried >= limit) start += 1;
        else if (await this.#retry(job)) retried += 1;
      }
      if (page.length < failedPage) break;
    }
    return retried;
  }

  /** Lets no task start in this queue, in any instance, until {@link resume}. What runs goes on. */
  async pause(): Promise<void> {
    await this.#call('pause', () => this.queue.pause());
    this.#log.info('queuePaused', { queue: this.queue.name });
  }

  async resume(): Promise<void> {
    await this.#call('resume', () => this.queue.resume());
    this.#log.info('queueResumed', { queue: this.queue.name });
  }

  /** What every worker of this queue is doing, in all instances. */
  async getWorkers(): Promise<WorkerState[]> {
    const { hub, keys } = this.#context;
    return this.#call('getWorkers', async () => {
      const workerIds = (await hub.commands.hkeys(keys.workerRegistry)).sort();
      const states = await Promise.all(workerIds.map((id) => hub.commands.hgetall(keys.workerState(id))));
      return states.flatMap((state, index) => {
        const workerId = workerIds[index];
        if (workerId === undefined || state.status === undefined) return [];
        const running = state.status === 'running';
        return {
          workerId,
          status: running ? 'running' : 'idle',
          currentIdentifyTag: running ? (state.currentIdentifyTag ?? null) : null,
          currentBatchSize: Number(state.currentBatchSize ?? 0),
        } as const;
      });
    });
  }

  /** @internal */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#events.close();
    await this.queue.close();
  }

  #toJob(task: Task, options: TaskOptions = {}) {
    const { maxPayloadBytes, maxTagBytes, defaultTaskOptions } = this.#context.options;
    const { name, data } = encodeTaskData(task, { maxPayloadBytes, maxTagBytes });
    assertValidTaskOptions(options);
    const { retryOrder, ...rest } = { ...defaultTaskOptions, ...definedOnly(options) };
    // BullMQ keeps options that it does not know; `block` is what a task without one means.
    const order = retryOrder === 'block' ? {} : { retryOrder };
    return { name, data, opts: { ...rest, ...order, jobId: options.jobId ?? newTaskId() } };
  }

  async #retry(job: Job): Promise<boolean> {
    try {
      await job.retry('failed', { resetAttemptsMade: true });
      return true;
    } catch (error) {
      if (error instanceof Error && /Missing key|not in the failed state/i.test(error.message)) return false;
      throw error;
    }
  }

  async #readFinished(jobId: string): Promise<readonly [number, string]> {
    const reply = await this.#call('isFinished', () => this.queue.getBackend().isFinished(jobId, true));
    const [code, value = ''] = Array.isArray(reply) ? reply : [reply];
    return [code, value];
  }

  #run(script: Parameters<QueueContext['scripts']['run']>[0], args: (string | number)[] = []): Promise<unknown> {
    this.#assertOpen();
    return this.#context.scripts.run(script, { args });
  }

  #runForTag(
    script: Parameters<QueueContext['scripts']['run']>[0],
    identifyTag: string,
    args: (string | number)[] = [],
  ): Promise<unknown> {
    assertValidTag(identifyTag, this.#context.options.maxTagBytes);
    return this.#run(script, [identifyTag, ...args]);
  }

  async #call<T>(command: string, run: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    try {
      return await run();
    } catch (error) {
      throw asTypedError(error, command, this.#context.hub.commandTimeoutMs);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new QueueClosedError({ queueName: this.#context.options.pendingQueueName });
  }
}

function definedOnly<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

import type { Job, Queue } from 'bullmq';
import type { Observable } from 'rxjs';
import { JobAdder } from '../bullmq/job-adder.js';
import { createPendingQueue } from '../bullmq/queue-factory.js';
import type { PendingQueueBackend } from '../bullmq/pending-queue-backend.js';
import { assertValidTag } from '../domain/task-data.js';
import type { ScheduledTaskOptions, ScheduleTiming } from '../domain/schedule.js';
import type { Task } from '../domain/task.js';
import type { AddedTask, BulkTaskOf, FinishedResult, JobOf, JobOrId, TaskTypes } from '../domain/task-map.js';
import type { TaskOptions } from '../domain/task-options.js';
import type { WorkerState } from '../domain/worker-state.js';
import { QueueClosedError, TaskNotFoundError } from '../errors/errors.js';
import type { AddTracer } from '../observability/add-tracer.interface.js';
import type { QueueEvent } from '../observability/events/queue-event.js';
import { QueueEventsHub } from '../observability/events/queue-events-hub.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { LuaScriptName } from '../redis/generated/lua-sources.js';
import type { QueueContext } from '../redis/queue-context.js';
import { asTypedError } from '../redis/script-runner.js';
import { assertLimit } from './assert-limit.js';
import { assertTimeout } from './assert-timeout.js';
import { assertValidRetryFilter, retryFailedTasks, type RetryFilter } from './failed-tasks.js';
import { explain } from './explain/task-explainer.js';
import type { TaskExplanation } from './explain/task-explanation.js';
import { FinishedTasks } from './finished-task.js';
import { NewJobs, type BulkTask } from './new-jobs.js';
import { decodeQueueStats, decodeTagStats, type QueueStats, type TagStats } from './queue-stats.js';
import { decodeTags, type TagOverview } from './tag-overview.js';
import type { Schedule } from './schedule-info.js';
import { Schedules } from './schedules.js';
import { canBeTaskId } from './task-ids.js';
import { createTaskWriter } from './create-task-writer.js';
import { TracedTaskWriter, type TaskWriting } from './traced-task-writer.js';
import { decodeWorkerDetails, type WorkerDetails } from './worker-details.js';
import { readWorkerStates } from './worker-states.js';

/** What `cancel` did. @publicApi */
export type CancelResult = 'removed' | 'aborted' | 'not-found';

export interface QueueServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  /** Faults of this instance's queue, beside being logged. */
  readonly errors$: Observable<unknown>;
  readonly traceAdd?: AddTracer | undefined;
}

const purgeWindow = 200;
/** In place of a position, when `purgeTag` has found nothing more. */
const nothingLeft = -2;
/** Each try can find the task between two attempts; one that another worker of BullMQ runs is in none of ours. */
const cancelTries = 10;

/**
 * Adds tasks to a queue, and everything to look at and to steer it.
 *
 * Every method rejects with {@link CommandTimeoutError} when Redis does not answer within `commandTimeout`.
 *
 * @typeParam Tasks - a task map: the payload of each type of task; any task goes where it is left out
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a task map a payload is whatever the producer sends
export class QueueService<Tasks = any> {
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
  readonly #onError: (error: unknown) => void;
  readonly #newJobs: NewJobs;
  readonly #writer: TaskWriting;
  readonly #schedules: Schedules;
  #queue: Queue | undefined;
  #adder: JobAdder | undefined;
  #closed = false;

  /** @internal */
  constructor({ context, log, onError, errors$, traceAdd }: QueueServiceDependencies) {
    this.#context = context;
    this.#log = log;
    this.errors$ = errors$;
    this.#onError = onError;
    this.#events = new QueueEventsHub(context, onError);
    this.events$ = this.#events.events$;
    this.#finished = new FinishedTasks(this.#events, (jobId) =>
      this.#typed('isFinished', () => this.queue.getBackend().isFinished(jobId, true)),
    );
    this.#newJobs = new NewJobs(context.options);
    this.#schedules = new Schedules(context, () => this.queue);
    const writer = createTaskWriter(context, () => this.#jobs);
    this.#writer = traceAdd === undefined ? writer : new TracedTaskWriter(writer, traceAdd);
  }

  /** The BullMQ queue, for everything else: dashboards, flows, metrics. */
  get queue(): Queue {
    return (this.#queue ??= this.#createQueue());
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
  add<Payload, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>>(
    task: AddedTask<Tasks, Payload, Type>,
    options?: TaskOptions,
  ): Promise<JobOf<Tasks, Type>>;
  async add(task: Task, options?: TaskOptions): Promise<Job> {
    const newJob = this.#newJobs.one(task, options);
    this.#assertOpen();
    const job = this.#jobs.toJob(newJob);
    [job.id] = await this.#writer.write([newJob], 'add');
    this.queue.emit('waiting', job);
    return job;
  }

  /**
   * Adds many tasks, each as {@link add} does, in their order. All are checked first: one bad task and none is added.
   *
   * They are written in parts of up to 150 tasks or 250,000 bytes, each of which is added as a whole or not at all. When Redis
   * refuses one (it is full) or does not answer, this rejects: what comes before that part has been added, of what comes
   * behind it at most the two parts that were on their way already. With a `jobId` each, adding the list again completes it.
   *
   * @throws as {@link add}, with the place of the bad task in `details.index`; {@link InvalidArgumentError} for no array
   */
  addBulk(tasks: readonly BulkTaskOf<Tasks>[]): Promise<JobOf<Tasks>[]>;
  async addBulk(tasks: readonly BulkTask[]): Promise<Job[]> {
    const newJobs = this.#newJobs.many(tasks);
    this.#assertOpen();
    const writing = this.#writer.write(newJobs, 'addBulk');
    const jobs = newJobs.map((newJob) => this.#jobs.toJob(newJob)); // while Redis works
    const ids = await writing;
    jobs.forEach((job, index) => (job.id = ids[index]));
    return jobs;
  }

  /**
   * Adds a task again and again: at the times of a cron expression, or at an interval. A schedule with this id is changed: one
   * whose timing stays as it was keeps its next time and its count, so that every instance may call this at its start.
   *
   * The task of a time is added once, whoever leads, dies or starts; it enters its tag's order when it is due. The next one is
   * made when it starts: times that pass while it waits (no leader, no worker, a busy tag, a pause) are left out.
   *
   * @throws {@link InvalidScheduleError}, and what {@link add} throws about the task and its options
   * @example
   * await queueService.schedule(
   *   'nightly-report',
   *   { cron: '0 3 * * *', tz: 'Europe/Berlin' },
   *   { type: 'report', identifyTag: 'company-123', payload: {} },
   * );
   */
  async schedule<Payload, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>>(
    id: string,
    timing: ScheduleTiming,
    task: AddedTask<Tasks, Payload, Type>,
    options?: ScheduledTaskOptions,
  ): Promise<Schedule> {
    this.#assertOpen();
    return this.#schedules.set(id, timing, task as Task, options);
  }

  /**
   * Ends a schedule, and removes its next task if that has not started. What runs goes on, with its further attempts.
   *
   * @returns whether there was one
   */
  async unschedule(id: string): Promise<boolean> {
    this.#assertOpen();
    return this.#schedules.remove(id);
  }

  /** A schedule, also one that has ended by its `limit` or `endDate`; `undefined` when there is none. */
  async getSchedule(id: string): Promise<Schedule | undefined> {
    this.#assertOpen();
    return this.#schedules.get(id);
  }

  /**
   * The schedules, those first whose next task is due first.
   *
   * @param limit - at most so many, 1 to 1,000
   * @throws {@link InvalidArgumentError}
   */
  async getSchedules(limit = 100): Promise<Schedule[]> {
    assertLimit(limit);
    this.#assertOpen();
    return this.#schedules.list(limit);
  }

  /** The BullMQ job of a task; `undefined` when there is none, or no longer. */
  async getJob(jobId: string): Promise<Job | undefined> {
    if (!canBeTaskId(jobId)) return undefined;
    return this.#call('getJob', () => this.queue.getJob(jobId));
  }

  /**
   * Waits for a task's end.
   *
   * @param timeoutMs - milliseconds; 0: only look; for ever when left out
   * @returns the handler's result, as JSON holds it: `null` where the handler returned nothing
   * @throws {@link TaskFailedError} with the handler's message, {@link WaitTimeoutError}, {@link TaskNotFoundError} (never
   *   added, removed, or finished before and not kept), {@link QueueClosedError} (the application shut down before its end),
   *   {@link InvalidArgumentError} for a time-out that is none
   */
  waitUntilFinished<Of extends JobOrId>(jobOrId: Of, timeoutMs?: number): Promise<FinishedResult<Of>>;
  async waitUntilFinished(jobOrId: JobOrId, timeoutMs?: number): Promise<unknown> {
    const jobId = typeof jobOrId === 'string' ? jobOrId : jobOrId?.id;
    assertTimeout(timeoutMs);
    this.#assertOpen();
    if (!canBeTaskId(jobId)) throw new TaskNotFoundError(typeof jobId === 'string' ? { jobId } : {});
    return this.#finished.wait(jobId, timeoutMs);
  }

  /** The numbers of the queue at this moment. */
  async getQueueStats(): Promise<QueueStats> {
    return decodeQueueStats(await this.#run('getQueueStats'));
  }

  /**
   * The tags that have tasks or workers, those with the most waiting tasks first. Tags whose tasks the leader has not taken in
   * yet are not there.
   *
   * @param limit - of each kind (bound, ready, backing off, paused) at most so many, 1 to 1,000
   * @throws {@link InvalidArgumentError}
   */
  async getTags(limit = 100): Promise<TagOverview[]> {
    assertLimit(limit);
    return decodeTags(await this.#run('getTags', [limit]));
  }

  /**
   * What there is of one tag at this moment.
   *
   * @throws {@link InvalidTaskError} for what cannot be a tag, as all methods that take one
   */
  async getTagStats(identifyTag: string): Promise<TagStats> {
    return decodeTagStats(identifyTag, await this.#runForTag('getTagStats', identifyTag));
  }

  /**
   * Where a task is, and why it is not further: for whoever has to find out why a tenant is stuck. Costs Redis about as much
   * as adding a task, but for the place of a task in a long tag, which is looked for among its first 10,000.
   *
   * @example
   * const { reason, text } = await queueService.explain(jobId);
   * // reason: 'tag-parked', text.en: 'Tag "company-123" is backing off until …'
   */
  async explain(jobId: string): Promise<TaskExplanation> {
    this.#assertOpen();
    return explain(this.#context, jobId);
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
    for (let position = 0; position !== nothingLeft;) {
      const reply = await this.#runForTag('purgeTag', identifyTag, [position, purgeWindow]);
      const [count, next] = reply as [number, number];
      removed += count;
      position = next;
    }
    this.#log.info('tagPurged', { identifyTag, removed });
    return removed;
  }

  /** Removes a task that waits or is delayed. @returns whether it did; `false` if it runs, has finished or is not there */
  async remove(jobId: string): Promise<boolean> {
    return (await this.#removeUnfinished(jobId)) === 'removed';
  }

  /**
   * Stops a task for good: one that waits is removed; one that runs has its handler's AbortSignal aborted, and fails without
   * further attempts when the handler throws. A handler that ignores its signal may still complete.
   *
   * @returns `not-found` also for a task that has finished, and for one that no worker of this library runs
   */
  async cancel(jobId: string): Promise<CancelResult> {
    for (let tries = 0; tries < cancelTries; tries += 1) {
      const outcome = await this.#removeUnfinished(jobId);
      if (outcome !== 'running') return outcome;
      if ((await this.#run('cancelTask', [jobId])) === 1) return 'aborted';
      // It ended its attempt in between: it has finished, or waits for the next one.
    }
    return 'not-found';
  }

  /**
   * Gives failed tasks a fresh set of attempts; each goes to the end of its tag, those that failed first come first.
   *
   * @returns how many
   * @throws {@link InvalidArgumentError}, {@link InvalidTaskError} for what cannot be a tag
   */
  async retryFailed(filter: RetryFilter = {}): Promise<number> {
    assertValidRetryFilter(filter, this.#context.options.maxTagBytes);
    const { failed } = await this.getQueueStats();
    return retryFailedTasks(this.#context, filter, failed);
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
    return this.#call('getWorkers', () => readWorkerStates(this.#context));
  }

  /**
   * Every worker of this queue with its batch, its task, its process and its handlers, in all instances.
   *
   * @param limit - at most so many, 1 to 1,000
   * @throws {@link InvalidArgumentError}
   */
  async getWorkerDetails(limit = 1_000): Promise<WorkerDetails[]> {
    assertLimit(limit);
    return decodeWorkerDetails(await this.#run('getWorkerDetails', [limit]));
  }

  /** @internal */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { hub } = this.#context;
    // Those that wait look once more, though the queue counts as closed.
    await this.#finished.close(this.#closedError(), hub.commands.status === 'ready');
    await this.#events.close();
    // What was added before goes out; without a connection it cannot, and is rejected when that is closed.
    await hub.whileConnected(() => this.#writer.settled());
    await this.#queue?.close();
  }

  /** Not in the constructor: a BullMQ queue connects when it is made, and an application that does not start should not. */
  #createQueue(): Queue {
    return createPendingQueue(this.#context).on('error', this.#onError);
  }

  get #jobs(): JobAdder {
    return (this.#adder ??= new JobAdder(this.queue));
  }

  /** Running tasks stay; so does what has finished. */
  async #removeUnfinished(jobId: string): Promise<'removed' | 'running' | 'not-found'> {
    this.#assertOpen();
    if (!canBeTaskId(jobId)) return 'not-found';
    try {
      const backend = this.queue.getBackend() as unknown as PendingQueueBackend;
      return (await backend.removeUnfinished(jobId)) ? 'removed' : 'running';
    } catch (error) {
      if (error instanceof TaskNotFoundError) return 'not-found';
      throw error;
    }
  }

  #run(script: LuaScriptName, args: (string | number)[] = []): Promise<unknown> {
    this.#assertOpen();
    return this.#context.scripts.run(script, { args });
  }

  #runForTag(script: LuaScriptName, identifyTag: string, args: (string | number)[] = []): Promise<unknown> {
    assertValidTag(identifyTag, this.#context.options.maxTagBytes);
    return this.#run(script, [identifyTag, ...args]);
  }

  async #call<T>(command: string, run: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#typed(command, run);
  }

  async #typed<T>(command: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw asTypedError(error, command, this.#context.hub.commandTimeoutMs);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): QueueClosedError {
    return new QueueClosedError({ queueName: this.#context.options.pendingQueueName });
  }
}

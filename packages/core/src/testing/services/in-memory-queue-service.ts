import { hostname } from 'node:os';
import type { Job, Queue } from 'bullmq';
import type { Observable } from 'rxjs';
import type { NewJob } from '../../bullmq/job-adder.js';
import { nextOfSchedule } from '../../bullmq/next-of-schedule.js';
import type { RegisteredWorker } from '../../bullmq/registered-workers.js';
import type { ScheduledTaskOptions, ScheduleTiming } from '../../domain/schedule.js';
import { assertValidTag } from '../../domain/task-data.js';
import type { FinishedResult, JobOrId } from '../../domain/task-map.js';
import type { TaskOptions } from '../../domain/task-options.js';
import type { Task } from '../../domain/task.js';
import { assertValidScheduleId, checkTiming } from '../../domain/validate-schedule.js';
import type { WorkerState } from '../../domain/worker-state.js';
import { QueueClosedError, TaskNotFoundError } from '../../errors/errors.js';
import type { QueueEvent } from '../../observability/events/queue-event.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import { assertValidRetryFilter, type RetryFilter } from '../../producer/failed-tasks.js';
import { explainTask } from '../../producer/explain/explain-task.js';
import type { TaskExplanation } from '../../producer/explain/task-explanation.js';
import { NewJobs, type BulkTask } from '../../producer/new-jobs.js';
import type { CancelResult, QueueService } from '../../producer/queue-service.js';
import type { QueueStats, TagStats } from '../../producer/queue-stats.js';
import { assertLimit } from '../../producer/assert-limit.js';
import { assertTimeout } from '../../producer/assert-timeout.js';
import type { TagOverview } from '../../producer/tag-overview.js';
import type { Schedule } from '../../producer/schedule-info.js';
import { scheduledJob } from '../../producer/scheduled-job.js';
import { canBeTaskId } from '../../producer/task-ids.js';
import type { WorkerDetails } from '../../producer/worker-details.js';
import type { HandlerRegistry } from '../../worker/handler-registry.js';
import { InMemoryJob, notInMemory } from '../engine/in-memory-job.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import { addTask } from '../model/adding.js';
import { taskFacts } from '../model/explaining.js';
import { pauseTag, resumeTag } from '../model/pausing.js';
import type { WorkerRecord } from '../model/queue-state.js';
import { queueStats, tagOverviews, tagStats, workerDetails, workerState } from '../model/reading.js';
import { purgeTag, removeUnfinished } from '../model/removing.js';
import { retryFailed } from '../model/retrying-failed.js';
import { readSchedule, readSchedules, removeSchedule, setSchedule } from '../model/schedules.js';
import { newTaskRecord } from '../model/task-record.js';
import type { PublicPart } from './public-part.js';

/** The instance that has the workers. */
export interface DescribedInstance {
  readonly nodeId: string;
  readonly handlers: Pick<HandlerRegistry, 'types'>;
}

/** {@link QueueService} on an engine in memory: the same checks, the same errors, the same answers. */
export class InMemoryQueueService implements PublicPart<QueueService, 'close'> {
  readonly events$: Observable<QueueEvent>;
  readonly #newJobs: NewJobs;
  #closed = false;

  constructor(
    private readonly engine: QueueEngine,
    private readonly options: ResolvedQueueOptions,
    readonly errors$: Observable<unknown>,
    private readonly instance: DescribedInstance,
  ) {
    this.events$ = engine.feed.events$;
    this.#newJobs = new NewJobs(options);
  }

  /** @throws {@link UnsupportedOperationError} */
  get queue(): Queue {
    return notInMemory('QueueService.queue');
  }

  async add<P>(task: Task<P>, options?: TaskOptions): Promise<Job> {
    return this.#add(this.#newJobs.one(task, options));
  }

  async addBulk(tasks: readonly BulkTask[]): Promise<Job[]> {
    return this.#newJobs.many(tasks).map((job) => this.#add(job));
  }

  async schedule<P>(
    id: string,
    timing: ScheduleTiming,
    task: Task<P>,
    options?: ScheduledTaskOptions,
  ): Promise<Schedule> {
    this.#assertOpen();
    assertValidScheduleId(id);
    const checked = checkTiming(timing, this.engine.nowMs);
    const job = scheduledJob(this.#newJobs, id, task, options);
    return this.engine.change((state, nowMs) => setSchedule(state, id, checked, job, nowMs));
  }

  async unschedule(id: string): Promise<boolean> {
    this.#assertOpen();
    return this.engine.change((state) => removeSchedule(state, id));
  }

  async getSchedule(id: string): Promise<Schedule | undefined> {
    this.#assertOpen();
    return readSchedule(this.engine.state, id);
  }

  async getSchedules(limit = 100): Promise<Schedule[]> {
    assertLimit(limit);
    this.#assertOpen();
    return readSchedules(this.engine.state, limit);
  }

  async getJob(jobId: string): Promise<Job | undefined> {
    this.#assertOpen();
    const task = canBeTaskId(jobId) ? this.engine.find(jobId) : undefined;
    return task && new InMemoryJob(task, this.engine).asJob();
  }

  waitUntilFinished<Of extends JobOrId>(jobOrId: Of, timeoutMs?: number): Promise<FinishedResult<Of>>;
  async waitUntilFinished(jobOrId: JobOrId, timeoutMs?: number): Promise<unknown> {
    const jobId = typeof jobOrId === 'string' ? jobOrId : jobOrId?.id;
    assertTimeout(timeoutMs);
    this.#assertOpen();
    if (!canBeTaskId(jobId)) throw new TaskNotFoundError(typeof jobId === 'string' ? { jobId } : {});
    if (timeoutMs === 0) return this.engine.waits.wait(jobId, timeoutMs);
    // Who waits for a task wants it to run.
    const endRun = this.engine.beginRun();
    try {
      return await this.engine.waits.wait(jobId, timeoutMs);
    } finally {
      endRun();
    }
  }

  async getQueueStats(): Promise<QueueStats> {
    this.#assertOpen();
    return queueStats(this.engine.state);
  }

  async getTagStats(identifyTag: string): Promise<TagStats> {
    this.#assertTag(identifyTag);
    return tagStats(this.engine.state, identifyTag);
  }

  async getTags(limit = 100): Promise<TagOverview[]> {
    assertLimit(limit);
    this.#assertOpen();
    return tagOverviews(this.engine.state, limit);
  }

  async explain(jobId: string): Promise<TaskExplanation> {
    this.#assertOpen();
    const id = String(jobId);
    const { state, nowMs } = this.engine;
    const facts = taskFacts(state, id, {
      nowMs,
      lock: this.engine.schedules ? this.instance.nodeId : undefined,
    });
    return explainTask(
      id,
      facts,
      this.#workers().map((worker) => ({ workerId: worker.workerId, ...this.#describe(worker) })),
    );
  }

  async pauseTag(identifyTag: string): Promise<void> {
    this.#assertTag(identifyTag);
    this.engine.change((state) => {
      pauseTag(state, identifyTag);
    });
  }

  async resumeTag(identifyTag: string): Promise<void> {
    this.#assertTag(identifyTag);
    this.engine.change((state) => {
      resumeTag(state, identifyTag);
    });
  }

  async purgeTag(identifyTag: string): Promise<number> {
    this.#assertTag(identifyTag);
    return this.engine.change((state) => purgeTag(state, identifyTag));
  }

  async remove(jobId: string): Promise<boolean> {
    return this.#removeUnfinished(jobId) === 'removed';
  }

  async cancel(jobId: string): Promise<CancelResult> {
    const outcome = this.#removeUnfinished(jobId);
    if (outcome !== 'running') return outcome;
    return this.engine.lanes.cancel(jobId) ? 'aborted' : 'not-found';
  }

  async retryFailed(filter: RetryFilter = {}): Promise<number> {
    assertValidRetryFilter(filter, this.options.maxTagBytes);
    this.#assertOpen();
    return this.engine.change((state) => retryFailed(state, filter));
  }

  async pause(): Promise<void> {
    this.#setPaused(true);
  }

  async resume(): Promise<void> {
    this.#setPaused(false);
  }

  async getWorkers(): Promise<WorkerState[]> {
    this.#assertOpen();
    return this.#workers().map(workerState);
  }

  async getWorkerDetails(limit = 1_000): Promise<WorkerDetails[]> {
    assertLimit(limit);
    this.#assertOpen();
    return this.#workers()
      .slice(0, limit)
      .map((worker) => workerDetails(worker, this.#describe(worker)));
  }

  close(): void {
    this.#closed = true;
    this.engine.close();
  }

  #workers(): WorkerRecord[] {
    return [...this.engine.state.workers.values()].sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
  }

  /** What a worker would say about itself in a heartbeat. */
  #describe({ startedAtMs: startTime }: WorkerRecord): Omit<RegisteredWorker, 'workerId'> {
    const { nodeId, handlers } = this.instance;
    const { types } = handlers;
    const { nowMs: lastHeartbeat } = this.engine;
    return { nodeId, hostname: hostname(), processId: process.pid, startTime, lastHeartbeat, types };
  }

  #add(job: NewJob): Job {
    this.#assertOpen();
    const jobId = this.engine.change((state, nowMs) => addTask(state, job, nowMs));
    // A task that holds a deduplication id for a time need not be there any more.
    const task = this.engine.find(jobId) ?? newTaskRecord({ ...job, id: jobId }, this.engine.nowMs);
    const added = new InMemoryJob(task, this.engine).asJob();
    // Stored encoded; whoever adds a task has its payload.
    if (this.options.payloadCodec !== undefined && jobId === job.id) added.data = job.data;
    return added;
  }

  #removeUnfinished(jobId: string): 'removed' | 'running' | 'not-found' {
    this.#assertOpen();
    if (!canBeTaskId(jobId)) return 'not-found';
    const outcome = this.engine.change((state) => removeUnfinished(state, jobId));
    if (outcome === 'scheduled') throw nextOfSchedule(jobId);
    return outcome;
  }

  #setPaused(paused: boolean): void {
    this.#assertOpen();
    this.engine.change((state) => (state.paused = paused));
  }

  #assertTag(identifyTag: string): void {
    assertValidTag(identifyTag, this.options.maxTagBytes);
    this.#assertOpen();
  }

  #assertOpen(): void {
    if (this.#closed) throw new QueueClosedError({ queueName: this.options.pendingQueueName });
  }
}

import { Job, type JobProgress, type JobsOptions, type JobState } from 'bullmq';
import { UnsupportedOperationError } from '../../errors/errors.js';
import type { TaskRecord } from '../model/task-record.js';
import { stateOf } from '../model/reading.js';

/** What a job asks its queue for. */
export interface JobStore {
  readonly queueName: string;
  find(jobId: string): TaskRecord | undefined;
  setProgress(jobId: string, progress: JobProgress): void;
  appendLog(jobId: string, row: string): number;
}

/** The part of BullMQ's `Job` that works in memory: its data as they were when it was read, and its state at any time. */
export class InMemoryJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: JobsOptions;
  readonly queueName: string;
  readonly timestamp: number;
  readonly delay: number;
  readonly attemptsMade: number;
  readonly attemptsStarted: number;
  readonly processedOn?: number;
  readonly processedBy?: string;
  readonly finishedOn?: number;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  readonly stacktrace: string[];
  readonly deduplicationId?: string;
  readonly repeatJobKey?: string;
  progress: JobProgress;
  readonly #store: JobStore;

  constructor(task: TaskRecord, store: JobStore) {
    this.#store = store;
    this.id = task.jobId;
    this.name = task.name;
    this.data = JSON.parse(task.dataJson);
    this.opts = structuredClone(task.opts);
    this.queueName = store.queueName;
    this.timestamp = task.timestampMs;
    this.delay = task.delayMs;
    this.attemptsMade = task.attemptsMade;
    this.attemptsStarted = task.attemptsStarted;
    this.returnvalue = JSON.parse(task.resultJson ?? 'null');
    this.stacktrace = [...task.stacktrace];
    this.progress = structuredClone(task.progress);
    if (task.processedOnMs !== undefined) this.processedOn = task.processedOnMs;
    if (task.processedBy !== undefined) this.processedBy = task.processedBy;
    if (task.finishedOnMs !== undefined) this.finishedOn = task.finishedOnMs;
    if (task.failedReason !== undefined) this.failedReason = task.failedReason;
    if (task.scheduleId !== undefined) this.repeatJobKey = task.scheduleId;
    const { deduplication } = task.opts;
    if (deduplication !== undefined) this.deduplicationId = deduplication.id;
  }

  async getState(): Promise<JobState | 'unknown'> {
    const task = this.#store.find(this.id);
    return task === undefined ? 'unknown' : stateOf(task);
  }

  async isWaiting(): Promise<boolean> {
    return (await this.getState()) === 'waiting';
  }

  async isDelayed(): Promise<boolean> {
    return (await this.getState()) === 'delayed';
  }

  async isActive(): Promise<boolean> {
    return (await this.getState()) === 'active';
  }

  async isCompleted(): Promise<boolean> {
    return (await this.getState()) === 'completed';
  }

  async isFailed(): Promise<boolean> {
    return (await this.getState()) === 'failed';
  }

  async updateProgress(progress: JobProgress): Promise<void> {
    this.#store.setProgress(this.id, progress);
    this.progress = progress;
  }

  async log(row: string): Promise<number> {
    return this.#store.appendLog(this.id, row);
  }

  toJSON(): object {
    return { ...this };
  }

  /** What it is as BullMQ's type; what it lacks throws: {@link notInMemory}. */
  asJob(): Job {
    return this as unknown as Job;
  }
}

/** Members of a `Job` that are no methods and have no meaning in memory. */
const otherMembers = ['queue', 'backend', 'prefix', 'token', 'parent', 'parentKey', 'priority'];

/** Everything else of BullMQ's `Job` says that it is not there, instead of being `undefined`. */
for (const member of [...Object.getOwnPropertyNames(Job.prototype), ...otherMembers]) {
  if (member in InMemoryJob.prototype) continue;
  Object.defineProperty(InMemoryJob.prototype, member, {
    get: () => notInMemory(`Job.${member}`),
    configurable: true,
  });
}

const instead: Readonly<Record<string, string>> = {
  'Job.waitUntilFinished': 'use QueueService.waitUntilFinished',
  'Job.remove': 'use QueueService.remove',
  'Job.retry': 'use QueueService.retryFailed',
  'QueueService.queue': 'there is no BullMQ queue; test what uses it on Redis',
};

/** @throws {@link UnsupportedOperationError} */
export function notInMemory(operation: string): never {
  const hint = instead[operation] ?? 'test what uses it on Redis';
  throw new UnsupportedOperationError({
    operation,
    reason: `AffinityQueueTestingModule keeps tasks in memory; ${hint}`,
  });
}

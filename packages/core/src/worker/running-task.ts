import type { Job, JobProgress } from 'bullmq';
import type { TakenTask } from '../bullmq/taken-task.js';
import type { TaskContext } from './task-context.js';

/** What there has to be of a task to run it. */
export type RunnableTask = Pick<
  TakenTask,
  'id' | 'attempt' | 'identifyTag' | 'batchPosition' | 'fencingToken' | 'name' | 'data'
>;

/**
 * A task that runs, and the context of its handler. The Job and the AbortController are made when the handler asks for them:
 * most do not, and together they would cost more than all the rest.
 */
export class RunningTask implements TaskContext {
  readonly identifyTag: string;
  readonly attempt: number;
  readonly batchPosition: number;
  readonly fencingToken: number;
  readonly #task: RunnableTask;
  readonly #createJob: () => Job;
  #job: Job | undefined;
  #data: unknown;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;

  constructor(
    task: RunnableTask,
    readonly workerId: string,
    createJob: () => Job,
  ) {
    this.#task = task;
    this.#createJob = createJob;
    this.identifyTag = task.identifyTag;
    this.attempt = task.attempt;
    this.batchPosition = task.batchPosition;
    this.fencingToken = task.fencingToken;
  }

  get id(): string {
    return this.#task.id;
  }

  get name(): string {
    return this.#task.name;
  }

  /** The job's data. @throws SyntaxError where they are no JSON */
  get data(): unknown {
    if (this.#job !== undefined) return this.#job.data as unknown;
    this.#data ??= JSON.parse(this.#task.data) as unknown;
    return this.#data;
  }

  /** The payload has been decoded: the handler and its job have it so. */
  useData(data: unknown): void {
    this.#data = data;
    if (this.#job !== undefined) this.#job.data = data;
  }

  get job(): Job {
    if (this.#job === undefined) {
      const job = this.#createJob();
      // The payload that the handler has is the one in its job.
      if (this.#data !== undefined) job.data = this.#data;
      this.#job = job;
    }
    return this.#job;
  }

  /** BullMQ has made the Job already. */
  useJob(job: Job): void {
    this.#job = job;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Why the task was aborted, if it was. */
  get abortReason(): Error | undefined {
    return this.#abortReason;
  }

  /** The first reason stays. */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** Getters, so that handlers may take the two functions out of their context. */
  get updateProgress(): (progress: JobProgress) => Promise<void> {
    return (progress) => this.job.updateProgress(progress);
  }

  get log(): (row: string) => Promise<number> {
    return (row) => this.job.log(row);
  }
}

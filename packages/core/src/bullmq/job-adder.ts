import { Job, type JobJson, type JobsOptions, type Queue } from 'bullmq';
import type { TaskData } from '../domain/task-data.js';
import type { PendingQueueBackend } from './pending-queue-backend.js';

/** A task that has been checked and waits to be written. */
export interface NewJob {
  readonly id: string;
  /** Drawn for this task: nobody else knows it before it is written. */
  readonly isIdDrawn: boolean;
  readonly name: string;
  readonly data: TaskData;
  /** The data as JSON, as it is stored: where payloads are encoded, with the encoded one. */
  readonly json: string;
  readonly payloadBytes: number;
  readonly opts: JobsOptions;
  /** The options as BullMQ keeps them, JSON. */
  readonly optsJson: string;
  /** Neither delayed nor deduplicated. */
  readonly isPlain: boolean;
  /** ms since the epoch. */
  readonly timestamp: number;
}

/** What became of one task: its id, which is that of another one where that one deduplicates it, or why it was not added. */
export type AddOutcome = { readonly id: string } | { readonly error: unknown };

type Client = Awaited<PendingQueueBackend['client']>;

/** Makes BullMQ's jobs of new tasks, and adds tasks with BullMQ's own scripts. */
export class JobAdder {
  #client: Client | undefined;

  constructor(private readonly queue: Queue) {}

  /** The job that carries the task. It is not added by that. */
  toJob({ id, name, data, opts, timestamp }: NewJob): Job {
    const job = new Job(this.queue, name, data, opts, id);
    job.timestamp = timestamp;
    return job;
  }

  /** BullMQ loads its scripts into the connection; before that, `add` must not be called. */
  async ready(): Promise<void> {
    this.#client = await this.#backend.client;
  }

  /** Adds tasks of any kind, in their order. All of them have been sent when this returns. */
  async add(newJobs: readonly NewJob[]): Promise<AddOutcome[]> {
    if (this.#client === undefined) throw new Error('add before ready');
    const pipeline = this.#client.pipeline();
    // In a pipeline this only notes the command. One that BullMQ cannot make is not in the replies.
    const noted = newJobs.map((newJob) =>
      this.#backend.addJobToTransaction(pipeline, this.#stored(newJob), newJob.id).then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
    );
    const sending = pipeline.exec();
    const [refused, replies] = await Promise.all([Promise.all(noted), sending]);
    let next = 0;
    return refused.map((refusal) => {
      if (refusal !== undefined) return refusal;
      const [error, id] = replies?.[next++] ?? [new Error('BullMQ did not send this task')];
      return error ? { error } : { id: String(id) };
    });
  }

  #stored(newJob: NewJob): JobJson {
    return { ...this.toJob(newJob).asJSON(), data: newJob.json };
  }

  get #backend(): PendingQueueBackend {
    return this.queue.getBackend() as unknown as PendingQueueBackend;
  }
}

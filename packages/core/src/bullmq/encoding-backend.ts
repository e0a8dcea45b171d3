import { RedisQueueBackend } from 'bullmq';
import type { PayloadCodec } from '../domain/payload-codec.js';
import { EncodedJobs } from './encoded-jobs.js';

type Backend = RedisQueueBackend;

/** BullMQ's backend where payloads are encoded: whatever is added or changed through BullMQ's own methods is, too. */
export class EncodingBackend extends RedisQueueBackend {
  readonly #encoded: EncodedJobs | undefined;

  constructor(codec: PayloadCodec | undefined, ...bullmq: ConstructorParameters<typeof RedisQueueBackend>) {
    super(...bullmq);
    this.#encoded = codec && new EncodedJobs(codec);
  }

  override addJobToTransaction(...args: Parameters<Backend['addJobToTransaction']>): Promise<string> {
    const [client, job, jobId, ...rest] = args;
    if (this.#encoded === undefined) return super.addJobToTransaction(...args);
    const encoded = this.#encoded.job(job, jobId);
    return super.addJobToTransaction(client, encoded.job, encoded.jobId, ...rest);
  }

  override addJobScheduler(...args: Parameters<Backend['addJobScheduler']>): Promise<[string, number]> {
    const [schedulerId, nextMillis, templateData, templateOpts, opts, ...rest] = args;
    const data = this.#encoded?.template(schedulerId, opts.name, templateData) ?? templateData;
    return super.addJobScheduler(schedulerId, nextMillis, data, templateOpts, opts, ...rest);
  }

  /** A job's data as JSON, as they are stored. */
  protected storedData(job: { readonly id?: string; readonly name?: string }, data: unknown): string {
    const { id = '', name = '' } = job;
    return JSON.stringify(this.#encoded === undefined ? data : this.#encoded.data(id, name, data));
  }
}

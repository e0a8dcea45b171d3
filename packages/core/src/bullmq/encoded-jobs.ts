import { randomBytes } from 'node:crypto';
import type { JobJson } from 'bullmq';
import { encodeData, type PayloadCodec } from '../domain/payload-codec.js';

/** Encodes the payloads of what is added and changed through BullMQ's own methods. */
export class EncodedJobs {
  constructor(private readonly codec: PayloadCodec) {}

  /** A job as it is to be added. An encoding needs the id, which Redis would only make then. */
  job(job: JobJson, jobId: string | undefined): { readonly job: JobJson; readonly jobId: string } {
    const id = jobId === undefined || jobId === '' ? newJobId() : jobId;
    const data = JSON.stringify(this.data(id, job.name, JSON.parse(job.data)));
    return { job: { ...job, id, data }, jobId: id };
  }

  /** What the iterations of a job scheduler get as their data, as JSON. */
  template(schedulerId: string, jobName: string | undefined, json: string): string {
    return JSON.stringify(this.data(`repeat:${schedulerId}`, jobName ?? '', JSON.parse(json)));
  }

  /** Data as they are stored. */
  data(jobId: string, jobName: string, data: unknown): unknown {
    return encodeData(this.codec, jobId, jobName, data);
  }
}

/** Begins with a letter, so that it is no number: those are BullMQ's. */
function newJobId(): string {
  return `j${randomBytes(10).toString('base64url')}`;
}

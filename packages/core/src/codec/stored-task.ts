import { decodeData, encodeData, isEncoded, type PayloadCodec } from '../domain/payload-codec.js';
import { decodeTaskData } from '../domain/task-data.js';
import type { Task } from '../domain/task.js';

/** What is read of a BullMQ job. @publicApi */
export interface StoredTask {
  id?: string | undefined;
  readonly name: string;
  readonly data: unknown;
}

/**
 * The data of a task for another producer than `QueueService`, such as BullMQ's `FlowProducer`.
 *
 * @param jobId - the id that the job is added with; for the template of a job scheduler `repeat:<scheduler id>`
 * @throws `PayloadCodecError`
 * @publicApi
 */
export function encodedTaskData(codec: PayloadCodec, jobId: string, task: Task<unknown>): object {
  const { type, identifyTag, payload } = task;
  return encodeData(codec, jobId, type, { identifyTag, type, payload }) as object;
}

/**
 * The task in a job as it was added, for whoever reads jobs and has the keys: an encoded payload is decoded.
 *
 * @throws `PayloadCodecError`, `InvalidTaskError` where the data are no task's
 * @publicApi
 */
export function decodedTask(codec: PayloadCodec, job: StoredTask): Task<unknown> {
  const task = decodeTaskData(job.name, job.data);
  return decodeData(codec, job.id ?? '', task, isEncoded(job.data));
}

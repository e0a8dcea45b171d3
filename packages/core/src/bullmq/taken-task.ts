import { raw2NextJobData, type JobJson } from 'bullmq';
import type { ReleaseReason } from '../domain/release-reason.js';
import { storedOptions, type StoredOptions } from './stored-options.js';

/** One attempt of a task, as a worker took it. */
export interface TakenTask {
  readonly id: string;
  /** BullMQ's `ats`: with the id, the identity of the attempt. */
  readonly attempt: number;
  readonly identifyTag: string;
  readonly batchPosition: number;
  /** Tasks of the batch so far: those that ran and those that were dispatched. */
  readonly batchSize: number;
  readonly fencingToken: number;
  /** Its place in the order; another one when its id is added again. */
  readonly seq: string;
  /** The job's name. */
  readonly name: string;
  /** The job's data as stored: JSON, if nobody damaged it. */
  readonly data: string;
  readonly stored: StoredOptions;
  /** Nothing but a task: BullMQ has nothing to do at its start, and nothing that only it knows at its completion. */
  readonly isPlain: boolean;
  /** Why BullMQ cannot read the task. */
  readonly malformed: string | undefined;
  /** Why the task is to fail without being run. */
  readonly deferredFailure: string | undefined;
  /** What BullMQ makes a Job of. */
  toJobJson(): JobJson;
}

/** What a take found. */
export interface Taken {
  readonly task: TakenTask | undefined;
  /** BullMQ's rate limit: how long to wait before the next take. */
  readonly limitMs: number;
  /** The worker holds its batch, and the batch is over: why. The next take without holding ends it. */
  readonly batchOver?: ReleaseReason;
}

export const nothingTaken: Taken = Object.freeze({ task: undefined, limitMs: 0 });

type Batch = [tag: string, position: number, fencingToken: string, size: number, seq?: string];
type Reply = [
  flatHash: string[] | 0,
  id: string | 0,
  limitMs: number,
  delayUntil: number,
  batch?: Batch | ReleaseReason,
];

/** Fields of a job that say that BullMQ's own code has to look at it; `progress` only because it may be no JSON. */
const specialFields: ReadonlySet<string> = new Set([
  'parentKey',
  'parent',
  'rjk',
  'deid',
  'defa',
  'progress',
]);
const noOptions: StoredOptions = { options: {}, retryOrder: 'block', keep: undefined };
const noBatch: Batch = ['', 0, '0', 0];

/** Decodes the reply of a script that takes. */
export function decodeTaken(reply: unknown): Taken {
  const [hash, id, limitMs, , batch] = reply as Reply;
  if (typeof batch === 'string') return { task: undefined, limitMs: 0, batchOver: batch };
  if (id === 0) return limitMs > 0 ? { task: undefined, limitMs } : nothingTaken;
  return { task: new DecodedTask(hash === 0 ? [] : hash, id, batch ?? noBatch), limitMs: 0 };
}

/** Reads what every task needs; the rest, which most handlers never ask for, waits until BullMQ has to know it. */
class DecodedTask implements TakenTask {
  readonly attempt: number;
  readonly identifyTag: string;
  readonly batchPosition: number;
  readonly fencingToken: number;
  readonly batchSize: number;
  readonly seq: string;
  readonly name: string;
  readonly data: string;
  readonly stored: StoredOptions;
  readonly isPlain: boolean;
  readonly malformed: string | undefined;
  readonly deferredFailure: string | undefined;
  readonly #hash: string[];

  constructor(
    hash: string[],
    readonly id: string,
    batch: Batch,
  ) {
    this.#hash = hash;
    [this.identifyTag, this.batchPosition] = batch;
    this.fencingToken = Number(batch[2]);
    this.batchSize = batch[3];
    this.seq = batch[4] ?? '';
    const fields = readFields(hash);
    this.attempt = Number(fields.attempt);
    this.name = fields.name;
    this.data = fields.data;
    this.deferredFailure = fields.deferredFailure;
    this.isPlain = !fields.isSpecial;
    let stored = noOptions;
    try {
      stored = storedOptions(fields.options);
      if (fields.isSpecial) this.toJobJson();
    } catch (error) {
      // A field that holds JSON holds none: options, progress or parent, as a foreign producer may write them.
      this.malformed = `malformed task: ${error instanceof Error ? error.message : ''}`;
    }
    this.stored = stored;
  }

  toJobJson(): JobJson {
    const [job] = raw2NextJobData([this.#hash, this.id, 0, 0]) as [JobJson];
    return job;
  }
}

function readFields(hash: readonly string[]) {
  const fields = {
    name: '',
    data: '{}',
    options: '{}',
    attempt: '',
    deferredFailure: undefined as string | undefined,
    isSpecial: false,
  };
  for (let i = 0; i + 1 < hash.length; i += 2) {
    const field = hash[i] ?? '';
    const value = hash[i + 1] ?? '';
    if (field === 'data') fields.data = value;
    else if (field === 'opts') fields.options = value;
    else if (field === 'name') fields.name = value;
    else if (field === 'ats') fields.attempt = value;
    else if (specialFields.has(field)) {
      fields.isSpecial = true;
      if (field === 'defa') fields.deferredFailure = value;
    }
  }
  return fields;
}

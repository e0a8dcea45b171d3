import { raw2NextJobData, type JobJson } from 'bullmq';
import type { ReleaseReason } from '../domain/release-reason.js';
import { readStanding, type Standing } from './standing.js';
import { storedOptions, type StoredOptions } from './stored-options.js';

/** One attempt of a task, as a worker took it. */
export interface TakenTask {
  readonly id: string;
  /** BullMQ's `ats`: with the id, the identity of the attempt. */
  readonly attempt: number;
  /** Where its worker stands now, word for word as Redis has it. */
  readonly standing: string;
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

/** What tasks of one batch have in common. */
export interface TakenBatch {
  readonly identifyTag: string;
  readonly batchSize: number;
}

type Plain = [
  standing: string,
  data: string,
  name: string,
  options: string,
  timestamp: string,
  processedOn: string,
  tag?: string,
  batchSize?: number,
];
type Whole = [
  flatHash: string[] | 0,
  id: string | 0,
  limitMs: number,
  delayUntil: number,
  at?: [standing: string, tag: string, batchSize: number] | ReleaseReason,
];

/** Fields of a job that say that BullMQ's own code has to look at it; `progress` only because it may be no JSON. */
const specialFields: ReadonlySet<string> = new Set([
  'parentKey',
  'parent',
  'rjk',
  'deid',
  'defa',
  'progress',
  // Ours: it has, or had, children.
  'aff:flow',
]);
const noOptions: StoredOptions = { options: {}, retryOrder: 'block', keep: undefined };
const noBatch: TakenBatch = { identifyTag: '', batchSize: 0 };

/**
 * Decodes the reply of a script that takes.
 *
 * @param batch - of the task before, which the reply does not say again where it is the same
 */
export function decodeTaken(reply: unknown, batch: TakenBatch | undefined, workerId: string): Taken {
  if (isPlain(reply)) return { task: plainTask(reply, batch ?? noBatch, workerId), limitMs: 0 };
  const [hash, id, limitMs, , at] = reply as Whole;
  if (typeof at === 'string') return { task: undefined, limitMs: 0, batchOver: at };
  if (id === 0 || at === undefined) return limitMs > 0 ? { task: undefined, limitMs } : nothingTaken;
  const [standing, identifyTag, batchSize] = at;
  const flatHash = hash === 0 ? [] : hash;
  const fields = readFields(flatHash);
  const task = new DecodedTask(standing, { identifyTag, batchSize }, fields, () => flatHash);
  return { task, limitMs: 0 };
}

function isPlain(reply: unknown): reply is Plain {
  return typeof (reply as Plain | Whole)[0] === 'string';
}

/** A task as it was added: it has no other fields than these. */
function plainTask(reply: Plain, known: TakenBatch, workerId: string): TakenTask {
  const [standing, data, name, options, timestamp, processedOn, identifyTag, batchSize] = reply;
  const batch = identifyTag === undefined ? known : { identifyTag, batchSize: batchSize ?? 0 };
  const fields = { name, data, options, deferredFailure: undefined, isSpecial: false, wasTried: false };
  return new DecodedTask(standing, batch, fields, (stored) => [
    ...['name', name, 'data', data, 'opts', options, 'timestamp', timestamp, 'delay', '0'],
    // Other producers may set it; among the tasks of a tag it has no meaning.
    ...['priority', String(stored.options.priority ?? 0)],
    ...['processedOn', processedOn, 'pb', workerId, 'ats', '1'],
  ]);
}

interface Fields {
  readonly name: string;
  readonly data: string;
  readonly options: string;
  readonly deferredFailure: string | undefined;
  readonly isSpecial: boolean;
  /** Attempts of it have been counted. */
  readonly wasTried: boolean;
}

/** Reads what every task needs; the rest, which most handlers never ask for, waits until BullMQ has to know it. */
class DecodedTask implements TakenTask {
  readonly identifyTag: string;
  readonly batchSize: number;
  readonly name: string;
  readonly data: string;
  readonly stored: StoredOptions;
  readonly isPlain: boolean;
  readonly malformed: string | undefined;
  readonly deferredFailure: string | undefined;
  readonly id: string;
  readonly attempt: number;
  readonly batchPosition: number;
  readonly fencingToken: number;
  readonly seq: string;

  constructor(
    readonly standing: string,
    { identifyTag, batchSize }: TakenBatch,
    fields: Fields,
    private readonly flatHash: (stored: StoredOptions) => string[],
  ) {
    this.identifyTag = identifyTag;
    this.batchSize = batchSize;
    const at: Standing = readStanding(standing);
    this.id = at.id;
    this.attempt = at.attempt;
    this.batchPosition = at.batchPosition;
    this.fencingToken = at.fencingToken;
    this.seq = at.seq;
    this.name = fields.name;
    this.data = fields.data;
    this.deferredFailure = fields.deferredFailure;
    // A first attempt of a task that was tried before: its starts are counted anew, which only BullMQ's own script expects.
    this.isPlain = !fields.isSpecial && !(fields.wasTried && this.attempt === 1);
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
    const [job] = raw2NextJobData([this.flatHash(this.stored), this.id, 0, 0]) as [JobJson];
    return job;
  }
}

function readFields(hash: readonly string[]): Fields {
  const fields = {
    name: '',
    data: '{}',
    options: '{}',
    deferredFailure: undefined as string | undefined,
    isSpecial: false,
    wasTried: false,
  };
  for (let i = 0; i + 1 < hash.length; i += 2) {
    const field = hash[i] ?? '';
    const value = hash[i + 1] ?? '';
    if (field === 'data') fields.data = value;
    else if (field === 'opts') fields.options = value;
    else if (field === 'name') fields.name = value;
    else if (field === 'atm') fields.wasTried = true;
    else if (specialFields.has(field)) {
      fields.isSpecial = true;
      if (field === 'defa') fields.deferredFailure = value;
    }
  }
  return fields;
}

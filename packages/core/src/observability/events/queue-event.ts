import type { ReleaseReason } from '../../domain/release-reason.js';

/** What an event of a queue is about; every event also has `type` and `eventId`. @publicApi */
export interface QueueEventFields {
  /** A task was added. */
  added: { jobId: string; name: string };
  /** A batch began: the tag is bound to the worker. */
  bound: { identifyTag: string; workerId: string; size: number; fencingToken: number };
  /** An attempt of a task began. */
  started: { jobId: string };
  completed: { jobId: string; returnvalue: unknown };
  /** Out of attempts. */
  failed: { jobId: string; failedReason: string };
  /** An attempt failed and another one will follow after the delay (ms). */
  retried: { jobId: string; attemptsMade: number; delayMs: number };
  /**
   * A batch ended: `empty` the tag had no more, `limit` the batch was full, `retry` a task is to be tried again, `paused`
   * the tag was paused, `shutdown` the worker stopped, `lost` the worker was declared dead.
   */
  released: {
    identifyTag: string;
    workerId: string;
    size: number;
    reason: ReleaseReason;
  };
  /** A worker was declared dead and its tasks went back. */
  recovered: { workerId: string; count: number };
  leaderChanged: { nodeId: string; epoch: number };
  /** There has been no leader for a whole lock TTL; `nodeId` noticed. */
  leaderless: { nodeId: string };
}

/** What happened. @publicApi */
export type QueueEventType = keyof QueueEventFields;

/**
 * Something that happened in a queue, in any instance.
 *
 * @publicApi
 */
export type QueueEvent = {
  [Type in QueueEventType]: { readonly type: Type; readonly eventId: string } & Readonly<
    QueueEventFields[Type]
  >;
}[QueueEventType];

/** An entry of the event stream: names and values as Redis has them. */
export type RawEvent = Readonly<Record<string, string | undefined>>;
type Decoders = { readonly [Type in QueueEventType]: (raw: RawEvent) => QueueEventFields[Type] };

const text = (value: string | undefined): string => value ?? '';

const decoders: Decoders = {
  added: (raw) => ({ jobId: text(raw.jobId), name: text(raw.name) }),
  bound: (raw) => ({
    identifyTag: text(raw.identifyTag),
    workerId: text(raw.workerId),
    size: Number(raw.size),
    fencingToken: Number(raw.fencingToken),
  }),
  started: (raw) => ({ jobId: text(raw.jobId) }),
  completed: (raw) => ({ jobId: text(raw.jobId), returnvalue: resultOf(raw.returnvalue) }),
  failed: (raw) => ({ jobId: text(raw.jobId), failedReason: text(raw.failedReason) }),
  retried: (raw) => ({
    jobId: text(raw.jobId),
    attemptsMade: Number(raw.attemptsMade),
    delayMs: Number(raw.delay),
  }),
  released: (raw) => ({
    identifyTag: text(raw.identifyTag),
    workerId: text(raw.workerId),
    size: Number(raw.size),
    reason: text(raw.reason) as ReleaseReason,
  }),
  recovered: (raw) => ({ workerId: text(raw.workerId), count: Number(raw.count) }),
  leaderChanged: (raw) => ({ nodeId: text(raw.nodeId), epoch: Number(raw.epoch) }),
  leaderless: (raw) => ({ nodeId: text(raw.nodeId) }),
};

/** What is not JSON was not written by a worker of this library; it has no value. */
function resultOf(json: string | undefined): unknown {
  if (json === undefined || json === '') return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** Types whose events have another name in the stream: BullMQ's. */
const streamNames: Partial<Record<QueueEventType, string>> = { started: 'active' };

/** Our events and the names that they have in the stream. */
export const streamedEvents: readonly (readonly [QueueEventType, string])[] = (
  Object.keys(decoders) as QueueEventType[]
).map((type) => [type, streamNames[type] ?? type]);

const typesByStreamName: ReadonlyMap<string, QueueEventType> = new Map(
  streamedEvents.map(([type, streamName]) => [streamName, type]),
);

/** The type of an entry of the stream; nothing for the entries that are no events of ours. */
export function eventTypeOf(streamName: string): QueueEventType | undefined {
  return typesByStreamName.get(streamName);
}

export function decodeEvent(type: QueueEventType, raw: RawEvent, eventId: string): QueueEvent {
  return Object.freeze({ ...decoders[type](raw), type, eventId }) as QueueEvent;
}

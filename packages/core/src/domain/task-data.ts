import { InvalidTaskError } from '../errors/errors.js';
import { encodeJson } from './encode-json.js';
import { encodedMarkJson } from './payload-codec.js';
import type { Task } from './task.js';
import { displayValue, isWellFormed, utf8Bytes } from './text.js';

/** What a task is measured against. */
export interface TaskLimits {
  readonly maxPayloadBytes: number;
  readonly maxTagBytes: number;
}

/** Longest task type, in bytes of UTF-8: it is the name of the BullMQ job and appears in every log line. */
export const maxTypeBytes = 512;

/** A byte of text becomes six where JSON has to escape it (`\u0001`). */
const mostBytesPerByte = 6;
/** Names, quotes and punctuation around tag, type and payload, generously. */
const dataFrameBytes = 100;

/** The data of no valid task is longer, in bytes of JSON. */
export function longestTaskDataBytes({ maxPayloadBytes, maxTagBytes }: TaskLimits): number {
  return maxPayloadBytes + mostBytesPerByte * (maxTagBytes + maxTypeBytes) + dataFrameBytes;
}

/**
 * What the BullMQ job of a task has as its data; the name of the job is the type. `identifyTag` comes first, so that a
 * script can read it from the start of the JSON without decoding a large payload.
 */
export interface TaskData {
  readonly identifyTag: string;
  readonly type: string;
  readonly payload: unknown;
}

/** What is stored in the place of a payload: of its JSON, other JSON. */
export type PayloadEncoding = (json: string, about: Pick<TaskData, 'identifyTag' | 'type'>) => string;

/** A valid task in the form in which it is stored. */
export interface EncodedTask {
  /** Name of the BullMQ job. */
  readonly name: string;
  /** Data of the BullMQ job, with the payload as it was given. */
  readonly data: TaskData;
  /** The same data as JSON, with the payload encoded where payloads are. */
  readonly json: string;
  readonly payloadBytes: number;
}

/**
 * Checks a task without storing anything.
 *
 * @throws {@link InvalidTaskError}
 */
export function assertValidTask(task: unknown, limits: TaskLimits): asserts task is Task {
  encodeTaskData(task, limits);
}

/**
 * Checks a task and encodes it as what is stored in Redis, in one go.
 *
 * @param encodePayload - where payloads are encoded; the limit then counts for what this makes of them
 * @throws {@link InvalidTaskError}
 */
export function encodeTaskData(
  task: unknown,
  limits: TaskLimits,
  encodePayload?: PayloadEncoding,
): EncodedTask {
  if (typeof task !== 'object' || task === null || Array.isArray(task)) {
    throw new InvalidTaskError({ field: 'task', reason: `must be an object, got ${displayValue(task)}` });
  }
  // Read each property once: a getter cannot show one value to the checks and another to Redis.
  const { type, identifyTag, payload } = task as Partial<Record<keyof Task, unknown>>;
  assertText('type', type, maxTypeBytes);
  assertText('identifyTag', identifyTag, limits.maxTagBytes);
  const encoded = encodeJson(payload);
  if (!encoded.ok) {
    throw new InvalidTaskError({ field: 'payload', reason: encoded.reason }, { cause: encoded.cause });
  }
  const stored = encodePayload?.(encoded.json, { identifyTag, type });
  const payloadBytes = stored === undefined ? encoded.bytes : utf8Bytes(stored);
  if (payloadBytes > limits.maxPayloadBytes) {
    const form = stored === undefined ? 'of JSON' : 'when it is encoded';
    const reason = `has ${payloadBytes} bytes ${form}, more than the ${limits.maxPayloadBytes} that are allowed`;
    throw new InvalidTaskError({ field: 'payload', reason });
  }
  const payloadJson = stored === undefined ? encoded.json : stored + encodedMarkJson;
  return {
    name: type,
    data: { identifyTag, type, payload: payload === undefined ? null : payload },
    json: `{"identifyTag":${JSON.stringify(identifyTag)},"type":${JSON.stringify(type)},"payload":${payloadJson}}`,
    payloadBytes,
  };
}

/**
 * The task in a BullMQ job. Producers other than ours may leave `type` and `payload` out of the data: the type is the
 * job's name then, the payload `null`.
 *
 * @throws {@link InvalidTaskError} when there is no tag
 */
export function decodeTaskData(jobName: string, data: unknown): Task<unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new InvalidTaskError({
      field: 'task',
      reason: `data must be an object, got ${displayValue(data)}`,
    });
  }
  const { type = jobName, identifyTag, payload = null } = data as Partial<Record<keyof Task, unknown>>;
  assertText('type', type, Number.POSITIVE_INFINITY);
  assertText('identifyTag', identifyTag, Number.POSITIVE_INFINITY);
  return { type, identifyTag, payload };
}

/**
 * Checks a tag.
 *
 * @throws {@link InvalidTaskError}
 */
export function assertValidTag(identifyTag: unknown, maxTagBytes: number): asserts identifyTag is string {
  assertText('identifyTag', identifyTag, maxTagBytes);
}

function assertText(
  field: 'type' | 'identifyTag',
  value: unknown,
  maxBytes: number,
): asserts value is string {
  const reason = textProblem(value, maxBytes);
  if (reason !== undefined) throw new InvalidTaskError({ field, reason });
}

function textProblem(value: unknown, maxBytes: number): string | undefined {
  if (value === undefined) return 'is missing';
  if (typeof value !== 'string') return `must be a string, got ${displayValue(value)}`;
  if (value === '') return 'must not be empty';
  if (!isWellFormed(value)) return 'is not well-formed text: it has half of a surrogate pair';
  const bytes = utf8Bytes(value);
  return bytes > maxBytes ? `has ${bytes} bytes, more than the ${maxBytes} that are allowed` : undefined;
}

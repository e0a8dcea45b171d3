import { PayloadCodecError } from '../errors/errors.js';
import { isError } from '../errors/is-error.js';

/**
 * Whose payload it is. An encryption binds the text to all of it, so that no payload passes for that of another task.
 *
 * @publicApi
 */
export interface PayloadContext {
  /** The task's id; of an iteration of a job scheduler the part that all its iterations have: `repeat:<scheduler id>`. */
  readonly taskId: string;
  readonly identifyTag: string;
  readonly type: string;
}

/**
 * Changes payloads on their way to Redis and back: encryption, compression. Tag, type, options, results, failure reasons,
 * progress and log rows stay as they are.
 *
 * Both functions are synchronous, because tasks go to Redis in the order of the calls. What they throw fails the call that
 * adds, or the task for good; the message is kept only of a {@link PayloadCodecError}, because others may quote the payload.
 *
 * @publicApi
 */
export interface PayloadCodec {
  /** @param json - the payload as JSON; what this returns is stored, as text in JSON */
  encode(json: string, context: PayloadContext): string;
  /** @returns the JSON that `encode` was given */
  decode(text: string, context: PayloadContext): string;
  /**
   * Whether handlers also get payloads that were not encoded: of tasks that were added before there was a codec, or by other
   * producers. Without it these tasks fail.
   *
   * @default false
   */
  readonly allowsClearPayloads?: boolean;
}

/** In the data of a job: its payload is what a codec made of it. */
const mark = 'payloadEncoded';
/** What follows the payload in data as JSON. */
export const encodedMarkJson = `,"${mark}":true`;

type Data = Readonly<Record<string, unknown>>;

/** Whether this is the data of a job whose payload has been encoded. */
export function isEncoded(data: unknown): boolean {
  return typeof data === 'object' && data !== null && (data as Data)[mark] === true;
}

/**
 * Encodes the payload of a task that is to be added.
 *
 * @param json - the payload as JSON
 * @returns the payload to be stored, as JSON
 * @throws {@link PayloadCodecError}
 */
export function encodePayload(codec: PayloadCodec, json: string, context: PayloadContext): string {
  return JSON.stringify(call('encode', () => codec.encode(json, bound(context)), context));
}

/**
 * The data of a task for a job of BullMQ; data that are encoded already, or are no task's, come back as they are.
 *
 * @throws {@link PayloadCodecError}
 */
export function encodeData(codec: PayloadCodec, taskId: string, jobName: string, data: unknown): unknown {
  if (typeof data !== 'object' || data === null || isEncoded(data)) return data;
  const { identifyTag, type = jobName, payload = null } = data as Data;
  if (typeof identifyTag !== 'string' || typeof type !== 'string') return data;
  const context = { taskId, identifyTag, type };
  const text = call('encode', () => codec.encode(JSON.stringify(payload), bound(context)), context);
  return { ...data, payload: text, [mark]: true };
}

/**
 * The data of a job as its handler gets them.
 *
 * @throws {@link PayloadCodecError} where the payload cannot be decoded, or is clear and must not be
 */
export function decodeData<Decoded extends Omit<PayloadContext, 'taskId'> & { readonly payload: unknown }>(
  codec: PayloadCodec | undefined,
  taskId: string,
  task: Decoded,
  isEncodedPayload: boolean,
): Decoded {
  const { identifyTag, type, payload } = task;
  const refuse = (reason: string): never => {
    throw new PayloadCodecError({ jobId: taskId, reason });
  };
  if (!isEncodedPayload) {
    return codec === undefined || codec.allowsClearPayloads === true
      ? task
      : refuse('is not encoded, which the codec of this queue does not allow');
  }
  if (codec === undefined) return refuse('is encoded, and this instance has no queueOptions.payloadCodec');
  if (typeof payload !== 'string') return refuse('is marked as encoded, but is no text');
  const context = { taskId, identifyTag, type };
  const decoded = call('decode', () => JSON.parse(codec.decode(payload, bound(context))) as unknown, context);
  return { ...task, payload: decoded };
}

/** The id of an iteration is made in Redis, of that of its scheduler and of its time; the payload is the scheduler's. */
function bound({ taskId, identifyTag, type }: PayloadContext): PayloadContext {
  return Object.freeze({ taskId: taskId.replace(iterationTime, '$1'), identifyTag, type });
}

const iterationTime = /^(repeat:.+):\d+$/s;

function call<T>(step: 'encode' | 'decode', run: () => T, { taskId: jobId }: PayloadContext): T {
  try {
    return run();
  } catch (error) {
    const [why, cause] =
      error instanceof PayloadCodecError ? [error.details.reason, error.cause] : [nameOf(error), undefined];
    throw new PayloadCodecError({ jobId, reason: `could not be ${step}d: ${why}` }, { cause });
  }
}

function nameOf(error: unknown): string {
  return isError(error) ? error.name : `a thrown ${typeof error}`;
}

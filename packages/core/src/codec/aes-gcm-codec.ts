import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { PayloadCodec, PayloadContext } from '../domain/payload-codec.js';
import { InvalidOptionsError, PayloadCodecError } from '../errors/errors.js';

/** @publicApi */
export interface AesGcmCodecOptions {
  /**
   * Keys by their ids (letters, digits, `_`, `-`; 64 at most): 32 random bytes each, or these as base64, such as
   * `openssl rand -base64 32` makes.
   */
  keys: Readonly<Record<string, string | Uint8Array>>;
  /** The key that payloads are encrypted with. The others are there for what was encrypted before. */
  currentKeyId: string;
  /**
   * Whether handlers also get payloads that are not encrypted. For the time of introduction only: whoever can write to Redis
   * can add such tasks.
   *
   * @default false
   */
  allowClearPayloads?: boolean;
}

const version = 'v1';
const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const keyIdForm = /^[\w-]{1,64}$/;

/**
 * Encrypts payloads with AES-256-GCM. The text is bound to the id, the tag and the type of its task: in the place of the
 * payload of another one it is refused, and so is one that was changed. It has the id of its key, so that keys can be
 * replaced while tasks wait.
 *
 * @throws `InvalidOptionsError` for keys that are none; it never shows them
 * @example
 * QueueModule.forRoot({
 *   queueOptions: {
 *     payloadCodec: createAesGcmCodec({ keys: { k1: process.env.PAYLOAD_KEY_1 }, currentKeyId: 'k1' }),
 *   },
 * })
 * @publicApi
 */
export function createAesGcmCodec(options: AesGcmCodecOptions): PayloadCodec {
  const { keys, current } = readOptions(options);
  const { currentKeyId, allowClearPayloads = false } = options;
  return Object.freeze({
    allowsClearPayloads: allowClearPayloads,

    encode(json: string, context: PayloadContext): string {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, current, iv, { authTagLength: tagBytes });
      cipher.setAAD(associatedData(currentKeyId, context));
      const text = Buffer.concat([iv, cipher.update(json, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${currentKeyId}.${text.toString('base64url')}`;
    },

    decode(text: string, context: PayloadContext): string {
      const [form, keyId = '', body = '', ...rest] = text.split('.');
      const bytes = Buffer.from(body, 'base64url');
      if (form !== version || rest.length > 0 || bytes.length < ivBytes + tagBytes) {
        throw new PayloadCodecError({ reason: 'it is no text of this codec' });
      }
      const key = keys.get(keyId);
      if (key === undefined) {
        const shown = keyIdForm.test(keyId) ? `'${keyId}'` : 'of another form';
        throw new PayloadCodecError({ reason: `there is no key with the id ${shown}` });
      }
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(associatedData(keyId, context));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      try {
        return (
          decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch {
        const reason =
          'it was changed, belongs to another task, or was encrypted with another key of that id';
        throw new PayloadCodecError({ reason });
      }
    },
  });
}

/** JSON of a list: no two contexts give the same text. */
function associatedData(keyId: string, { taskId, identifyTag, type }: PayloadContext): Buffer {
  return Buffer.from(JSON.stringify([version, keyId, taskId, identifyTag, type]), 'utf8');
}

function readOptions({ keys: given, currentKeyId }: AesGcmCodecOptions): {
  keys: ReadonlyMap<string, KeyObject>;
  current: KeyObject;
} {
  const keys = new Map<string, KeyObject>();
  for (const [id, key] of Object.entries(given)) {
    if (!keyIdForm.test(id))
      refuse('keys', 'an id of another form', 'ids of 1 to 64 letters, digits, _ and -');
    keys.set(id, readKey(id, key));
  }
  const current = keys.get(currentKeyId);
  if (current === undefined) {
    return refuse('currentKeyId', JSON.stringify(currentKeyId) ?? 'nothing', 'the id of one of the keys');
  }
  return { keys, current };
}

function readKey(id: string, key: unknown): KeyObject {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key;
  if (!(bytes instanceof Uint8Array) || bytes.length !== keyBytes) {
    const got = bytes instanceof Uint8Array ? `${bytes.length} bytes (hidden)` : `a ${typeof key}`;
    return refuse(`keys.${id}`, got, `${keyBytes} bytes, or these as base64`);
  }
  return createSecretKey(bytes);
}

function refuse(option: string, value: string, allowed: string): never {
  throw new InvalidOptionsError([{ option: `createAesGcmCodec.${option}`, value, allowed }]);
}

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError, PayloadCodecError } from '../errors/errors.js';
import { createAesGcmCodec } from './aes-gcm-codec.js';
import { decodedTask, encodedTaskData } from './stored-task.js';

const [one, two] = [randomBytes(32), randomBytes(32)];
const codec = createAesGcmCodec({ keys: { one }, currentKeyId: 'one' });
const context = { taskId: 'a', identifyTag: 'tenant', type: 'mail' };
const json = '{"to":"somebody","text":"公司 🎉"}';

describe('createAesGcmCodec', () => {
  it.each([json, 'null', '""', JSON.stringify('x'.repeat(300_000))])(
    'gives back what it was given',
    (given) => {
      const text = codec.encode(given, context);
      expect(codec.decode(text, context)).toBe(given);
    },
  );

  it('hides the payload, and never gives the same text twice', () => {
    const texts = [codec.encode(json, context), codec.encode(json, context)];
    expect(texts[0]).not.toBe(texts[1]);
    for (const text of texts) {
      expect(text).toMatch(/^v1\.one\.[\w-]+$/);
      expect(Buffer.from(text.split('.')[2]!, 'base64url').toString('latin1')).not.toContain('somebody');
    }
  });

  it.each([
    ['id', { ...context, taskId: 'b' }],
    ['tag', { ...context, identifyTag: 'tenant2' }],
    ['type', { ...context, type: 'mail2' }],
    ['division between them', { ...context, taskId: 'a","tenant', identifyTag: '' }],
  ])('refuses a payload under another %s', (_what, other) => {
    const text = codec.encode(json, context);
    expect(() => codec.decode(text, other)).toThrow(PayloadCodecError);
    expect(() => codec.decode(text, other)).toThrow('belongs to another task');
  });

  it('refuses every text of which one bit was changed', () => {
    const [form, keyId, body] = codec.encode(json, context).split('.');
    const bytes = Buffer.from(body!, 'base64url');
    for (let i = 0; i < bytes.length; i += 1) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 1 << (i % 8);
      const text = `${form}.${keyId}.${changed.toString('base64url')}`;
      expect(() => codec.decode(text, context)).toThrow(PayloadCodecError);
    }
  });

  it.each(['', 'x', 'v1.one.', 'v1.one.AAAA', 'v2.one.AAAA', 'v1.one.AAAA.AAAA', `v1.one.${'A'.repeat(37)}`])(
    'refuses %j, which is no text of its own',
    (text) => {
      expect(() => codec.decode(text, context)).toThrow('it is no text of this codec');
    },
  );

  it('reads what an older key encrypted, and writes with the current one', () => {
    const old = codec.encode(json, context);
    const rotated = createAesGcmCodec({ keys: { one, two: two.toString('base64') }, currentKeyId: 'two' });
    expect(rotated.decode(old, context)).toBe(json);
    const text = rotated.encode(json, context);
    expect(text).toMatch(/^v1\.two\./);
    expect(() => codec.decode(text, context)).toThrow("there is no key with the id 'two'");
    const retired = createAesGcmCodec({ keys: { two }, currentKeyId: 'two' });
    expect(retired.decode(text, context)).toBe(json);
    expect(() => retired.decode(old, context)).toThrow("there is no key with the id 'one'");
    // Another key under the same id, and a text that is passed off as one of another key.
    const other = createAesGcmCodec({ keys: { one: two }, currentKeyId: 'one' });
    expect(() => other.decode(old, context)).toThrow('another key of that id');
    const both = createAesGcmCodec({ keys: { one, two: one }, currentKeyId: 'one' });
    expect(() => both.decode(old.replace('.one.', '.two.'), context)).toThrow(PayloadCodecError);
  });

  it.each([
    ['no keys', { keys: {}, currentKeyId: 'one' }, 'currentKeyId'],
    ['an unknown current key', { keys: { one }, currentKeyId: 'two' }, 'currentKeyId'],
    ['a current key of the prototype', { keys: { one }, currentKeyId: 'constructor' }, 'currentKeyId'],
    ['a key that is too short', { keys: { one: one.subarray(1) }, currentKeyId: 'one' }, 'keys.one'],
    ['a password as key', { keys: { one: 'secret-marker' }, currentKeyId: 'one' }, 'keys.one'],
    ['a key that is missing', { keys: { one: undefined as never }, currentKeyId: 'one' }, 'keys.one'],
    ['an id with a dot', { keys: { 'a.b': one }, currentKeyId: 'a.b' }, 'keys'],
  ])('refuses %s without showing it', (_what, options, option) => {
    let error: unknown;
    try {
      createAesGcmCodec(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain(`createAesGcmCodec.${option}:`);
    expect(inspect(error, { depth: 9 })).not.toContain('secret-marker');
  });

  it('does not show its keys', () => {
    const shown = inspect(codec, { depth: 9, showHidden: true }) + JSON.stringify(codec);
    expect(shown).not.toContain(one.toString('base64'));
    expect(shown).not.toContain(one.toString('hex'));
  });
});

describe('encodedTaskData and decodedTask', () => {
  const task = { type: 'mail', identifyTag: 'tenant', payload: { to: 'somebody' } };

  it('belong together', () => {
    const data = encodedTaskData(codec, 'a', task);
    expect(data).toMatchObject({ type: 'mail', identifyTag: 'tenant', payloadEncoded: true });
    expect(JSON.stringify(data)).not.toContain('somebody');
    expect(decodedTask(codec, { id: 'a', name: 'mail', data })).toEqual(task);
    expect(() => decodedTask(codec, { id: 'b', name: 'mail', data })).toThrow(PayloadCodecError);
  });

  it('all iterations of a job scheduler have the payload of its template', () => {
    const data = encodedTaskData(codec, 'repeat:daily:report', task);
    for (const id of ['repeat:daily:report', 'repeat:daily:report:1', 'repeat:daily:report:1700000000000']) {
      expect(decodedTask(codec, { id, name: 'mail', data })).toEqual(task);
    }
    expect(() => decodedTask(codec, { id: 'repeat:daily:1', name: 'mail', data })).toThrow(PayloadCodecError);
  });
});

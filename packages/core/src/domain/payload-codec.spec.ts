import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { PayloadCodecError } from '../errors/errors.js';
import { decodeData, encodeData, encodePayload, type PayloadCodec } from './payload-codec.js';

const context = { taskId: 'a', identifyTag: 't', type: 'note' };
const task = { identifyTag: 't', type: 'note', payload: 'secret-marker' };
const identity: PayloadCodec = { encode: (json) => json, decode: (text) => text };
const throwing = (error: unknown): PayloadCodec => ({
  encode() {
    throw error;
  },
  decode() {
    throw error;
  },
});

function thrownBy(run: () => unknown): PayloadCodecError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PayloadCodecError);
    return error as PayloadCodecError;
  }
  throw new Error('nothing was thrown');
}

describe('a codec that throws', () => {
  it.each([[new TypeError('not secret-marker')], ['secret-marker'], [undefined], [null]])(
    '%p: its text, which may be the payload, is not kept',
    (given) => {
      const errors = [
        thrownBy(() => encodePayload(throwing(given), '"secret-marker"', context)),
        thrownBy(() => encodeData(throwing(given), 'a', 'note', task)),
        thrownBy(() => decodeData(throwing(given), 'a', task, true)),
      ];
      for (const error of errors) {
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-marker');
        expect(error.message).toMatch(/^The payload of task 'a' could not be (en|de)coded: \w/);
      }
    },
  );

  it('a reason that it gives is kept', () => {
    const error = thrownBy(() =>
      decodeData(throwing(new PayloadCodecError({ reason: 'the vault is closed' })), 'a', task, true),
    );
    expect(error.details).toEqual({ jobId: 'a', reason: 'could not be decoded: the vault is closed' });
  });
});

describe('decodeData', () => {
  it('refuses what decodes to no JSON, without quoting it', () => {
    const error = thrownBy(() => decodeData(identity, 'a', task, true));
    expect(error.message).toBe("The payload of task 'a' could not be decoded: SyntaxError");
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-marker');
  });

  it('lets a clear payload pass where there is no codec, or it allows that', () => {
    expect(decodeData(undefined, 'a', task, false)).toBe(task);
    expect(decodeData({ ...identity, allowsClearPayloads: true }, 'a', task, false)).toBe(task);
    expect(thrownBy(() => decodeData(identity, 'a', task, false)).message).toContain('is not encoded');
  });

  it('refuses an encoded one where there is no codec, and one that is no text', () => {
    expect(thrownBy(() => decodeData(undefined, 'a', task, true)).message).toContain(
      'no queueOptions.payloadCodec',
    );
    const odd = { ...task, payload: { v: 1 } };
    expect(thrownBy(() => decodeData(identity, 'a', odd, true)).message).toContain('is no text');
  });
});

describe('encodeData', () => {
  it.each([[null], ['text'], [5], [{}], [{ identifyTag: 7 }], [[]]])(
    'leaves %j, which is no task, as it is',
    (data) => {
      expect(encodeData(throwing(new Error('called')), 'a', 'note', data)).toBe(data);
    },
  );

  it('encodes once', () => {
    const codec: PayloadCodec = { ...identity, encode: (json) => `<${json}>` };
    const once = encodeData(codec, 'a', 'note', { ...task, more: 1 });
    expect(once).toEqual({ ...task, more: 1, payload: '<"secret-marker">', payloadEncoded: true });
    expect(encodeData(codec, 'a', 'note', once)).toBe(once);
  });
});

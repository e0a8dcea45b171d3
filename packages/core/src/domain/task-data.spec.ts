import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidTaskError } from '../errors/errors.js';
import {
  assertValidTag,
  assertValidTask,
  decodeTaskData,
  encodeTaskData,
  longestTaskDataBytes,
  maxTypeBytes,
} from './task-data.js';

const limits = { maxPayloadBytes: 1_024, maxTagBytes: 16 };
const wide = { maxPayloadBytes: 1e6, maxTagBytes: 1e6 };
const task = { type: 'send-email', identifyTag: 'company-1', payload: { to: 'a@b.c' } };

/** Text of any characters with a UTF-8 form. */
const text = fc.string({ unit: 'binary', minLength: 1 }).filter((value) => !/\p{Surrogate}/u.test(value));

function problemOf(value: unknown): InvalidTaskError {
  try {
    assertValidTask(value, limits);
  } catch (error) {
    if (error instanceof InvalidTaskError) return error;
    throw error;
  }
  throw new Error('The task is valid.');
}

describe('encodeTaskData', () => {
  it('writes the tag first, so that a script finds it without decoding the payload', () => {
    const { json, name, data } = encodeTaskData({ payload: [1], type: 't', identifyTag: 'a"b\\' }, limits);
    expect(json).toBe('{"identifyTag":"a\\"b\\\\","type":"t","payload":[1]}');
    expect(name).toBe('t');
    expect(JSON.stringify(data)).toBe(json);
  });

  it('stores a payload that is left out as null', () => {
    const { data, json } = encodeTaskData({ type: 't', identifyTag: 'x' }, limits);
    expect(json).toBe('{"identifyTag":"x","type":"t","payload":null}');
    expect(data).toStrictEqual({ identifyTag: 'x', type: 't', payload: null });
  });

  it('keeps any task through a round trip', () => {
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (type, identifyTag, payload) => {
        const { json, name, data, payloadBytes } = encodeTaskData({ type, identifyTag, payload }, wide);
        expect(JSON.stringify(data)).toBe(json);
        expect(payloadBytes).toBe(Buffer.byteLength(JSON.stringify(payload)));
        const decoded = decodeTaskData(name, JSON.parse(json));
        expect(decoded).toEqual({ type, identifyTag, payload: JSON.parse(JSON.stringify(payload)) });
      }),
    );
  });

  it.each([':', '{a}', '*', '?', '[ab]', '\\', '😀', '__proto__', 'constructor', ' ', '\n', '\0', '公司'])(
    'takes the tag %p',
    (identifyTag) => {
      expect(() => assertValidTask({ ...task, identifyTag }, limits)).not.toThrow();
    },
  );

  it('reads every property once, so that a getter cannot show two values', () => {
    let reads = 0;
    const shifty = {
      type: 't',
      payload: null,
      get identifyTag() {
        return reads++ === 0 ? 'x' : '';
      },
    };
    expect(encodeTaskData(shifty, limits).data.identifyTag).toBe('x');
    expect(reads).toBe(1);
  });
});

describe('assertValidTask refuses', () => {
  it.each([
    ['no object', undefined, 'task', 'must be an object, got undefined'],
    ['a list', [task], 'task', 'must be an object, got an array'],
    ['no type', { ...task, type: undefined }, 'type', 'is missing'],
    ['an empty type', { ...task, type: '' }, 'type', 'must not be empty'],
    ['a type that is no text', { ...task, type: 5 }, 'type', 'must be a string, got 5'],
    ['a long type', { ...task, type: 'x'.repeat(maxTypeBytes + 1) }, 'type', 'has 513 bytes'],
    ['no tag', { type: 't', payload: 1 }, 'identifyTag', 'is missing'],
    ['an empty tag', { ...task, identifyTag: '' }, 'identifyTag', 'must not be empty'],
    ['a null tag', { ...task, identifyTag: null }, 'identifyTag', 'must be a string, got null'],
    ['half a character', { ...task, identifyTag: 'a\ud83d' }, 'identifyTag', 'surrogate'],
    ['a payload with a bigint', { ...task, payload: 1n }, 'payload', 'contains a bigint'],
    ['a large payload', { ...task, payload: 'x'.repeat(1_023) }, 'payload', 'has 1025 bytes'],
  ])('%s', (_, value, field, reason) => {
    const error = problemOf(value);
    expect(error.details).toMatchObject({ field, reason: expect.stringContaining(reason) });
    expect(error.code).toBe('AFFINITY_INVALID_TASK');
  });

  it('by bytes of UTF-8, up to the limit and not beyond', () => {
    expect(() => assertValidTask({ ...task, identifyTag: '公'.repeat(5) }, limits)).not.toThrow();
    expect(problemOf({ ...task, identifyTag: '公'.repeat(6) }).message).toContain(
      'has 18 bytes, more than the 16',
    );
    expect(() => assertValidTask({ ...task, payload: 'x'.repeat(1_022) }, limits)).not.toThrow();
    expect(problemOf({ ...task, payload: '公'.repeat(341) }).message).toContain('has 1025 bytes');
  });

  it('without quoting the payload', () => {
    const error = problemOf({ ...task, payload: { secret: 'hunter2', amount: 5n } });
    expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain('hunter2');
  });
});

describe('decodeTaskData', () => {
  it('takes jobs of other producers, which may leave out type and payload', () => {
    expect(decodeTaskData('t', { identifyTag: 'x' })).toEqual({ type: 't', identifyTag: 'x', payload: null });
  });

  it.each([
    ['no data', undefined],
    ['text', 'x'],
    ['a list', []],
    ['no tag', {}],
    ['a tag of another type', { identifyTag: 5 }],
  ])('refuses %s', (_, data) => {
    expect(() => decodeTaskData('t', data)).toThrow(InvalidTaskError);
  });
});

it('assertValidTag checks a tag alone', () => {
  expect(() => assertValidTag('x', 1)).not.toThrow();
  expect(() => assertValidTag('xy', 1)).toThrow(InvalidTaskError);
});

describe('longestTaskDataBytes', () => {
  it('has room for whatever a valid task needs in JSON', () => {
    const escaped = '\u0001';
    const largest = {
      type: escaped.repeat(maxTypeBytes),
      identifyTag: escaped.repeat(limits.maxTagBytes),
      payload: 'x'.repeat(limits.maxPayloadBytes - 2),
    };
    const { json, payloadBytes } = encodeTaskData(largest, limits);
    expect(payloadBytes).toBe(limits.maxPayloadBytes);
    expect(json.length).toBeGreaterThan(longestTaskDataBytes(limits) - 100);
    expect(json.length).toBeLessThanOrEqual(longestTaskDataBytes(limits));
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (type, identifyTag, payload) => {
        const encoded = encodeTaskData({ type, identifyTag, payload }, wide);
        const exact = { maxPayloadBytes: encoded.payloadBytes, maxTagBytes: Buffer.byteLength(identifyTag) };
        return Buffer.byteLength(encoded.json) <= longestTaskDataBytes(exact);
      }),
    );
  });
});

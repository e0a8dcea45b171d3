import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeJson } from './encode-json.js';

const circular: Record<string, unknown> = {};
circular.self = circular;

function deep(levels: number): unknown {
  let value: unknown = null;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('encodeJson', () => {
  it('encodes everything that JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = encodeJson(value);
        const json = JSON.stringify(value);
        expect(encoded).toEqual({ ok: true, json, bytes: Buffer.byteLength(json) });
      }),
    );
  });

  it.each([
    ['nothing', undefined, 'null'],
    ['a toJSON that returns nothing', { toJSON: () => undefined }, 'null'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['left-out properties', { a: undefined, b: 1 }, '{"b":1}'],
    ['a property called __proto__', JSON.parse('{"__proto__":{"a":1}}') as unknown, '{"__proto__":{"a":1}}'],
  ])('takes %s', (_, value, json) => {
    expect(encodeJson(value)).toMatchObject({ ok: true, json });
  });

  it.each([
    ['a bigint', { amount: 5n }, 'contains a bigint'],
    ['a function', { then: () => 'secret' }, 'contains a function'],
    ['a function as a whole', () => 'secret', 'contains a function'],
    ['a symbol', [Symbol('secret')], 'contains a symbol'],
    ['NaN', { amount: Number.NaN }, 'contains NaN'],
    ['an infinite number', Number.NEGATIVE_INFINITY, 'contains -Infinity'],
    ['a Map', { map: new Map([['secret', 1]]) }, 'contains a Map'],
    ['a Set', new Set(['secret']), 'contains a Set'],
    ['a promise', { result: Promise.resolve('secret') }, 'contains a Promise'],
    ['a circle', circular, 'refers to itself'],
    ['a hundred thousand levels', deep(100_000), 'is nested too deeply'],
  ])('refuses %s', (_, value, reason) => {
    const encoded = encodeJson(value);
    expect(encoded).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
    expect(JSON.stringify(encoded)).not.toContain('secret');
  });

  it('refuses a toJSON that throws, and does not quote it', () => {
    const value = {
      toJSON() {
        throw new Error('secret');
      },
    };
    expect(encodeJson(value)).toMatchObject({ ok: false, reason: 'cannot be turned into JSON' });
  });
});

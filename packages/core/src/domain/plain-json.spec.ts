import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainJson, textJson } from './plain-json.js';

const values = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe('plainJson', () => {
  it('is what JSON.stringify makes of a value, or nothing', () => {
    fc.assert(
      fc.property(values, (value) => {
        const json = plainJson(value);
        if (json !== undefined) expect(json).toBe(JSON.stringify(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has all data', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(plainJson(value)).toBe(JSON.stringify(value));
      }),
    );
    const value = {
      a: [1, -0, 1e21, undefined, null, { b: undefined, c: 'x' }],
      d: { e: {}, f: [] },
      3: true,
    };
    expect(plainJson(value)).toBe(JSON.stringify(value));
  });

  it.each([
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('a')]],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['a number that is not finite', [Number.NaN]],
    ['an object of a class', { a: new Map() }],
    ['a boxed value', [Object('a')]],
    ['a value with a JSON of its own', { a: { toJSON: () => 1 } }],
    ['a list with a JSON of its own', Object.assign([1], { toJSON: () => 1 })],
    ['what is nested deeply', nested(17)],
  ])('has nothing for %s', (_what, value) => {
    expect(plainJson(value)).toBeUndefined();
  });

  it('has nothing for what refers to itself', () => {
    const value: Record<string, unknown> = { a: 1 };
    Object.assign(value, { b: value, c: [value, value] });
    expect(plainJson(value)).toBeUndefined();
    expect(plainJson(nested(16))).toBe(JSON.stringify(nested(16)));
  });

  it('reads each property once', () => {
    const shown: unknown[] = [1, () => 2];
    const value = {
      get a() {
        return shown.shift();
      },
    };
    expect(plainJson(value)).toBe('{"a":1}');
    expect(shown).toHaveLength(1);
  });
});

describe('textJson', () => {
  it('is what JSON.stringify makes of any text', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    fc.assert(
      fc.property(text, fc.boolean(), (some, isLong) => {
        const given = isLong ? some.padEnd(300, 'x') : some;
        expect(textJson(given)).toBe(JSON.stringify(given));
      }),
      { numRuns: 1_000 },
    );
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const given = `a${String.fromCharCode(unit)}b`;
      if (textJson(given) !== JSON.stringify(given)) throw new Error(`unit ${unit}`);
    }
  });
});

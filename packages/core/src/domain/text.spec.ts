import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { displayValue, isWellFormed, shorten, utf8Bytes } from './text.js';

describe('isWellFormed', () => {
  it('agrees with what a round trip through UTF-8 keeps', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isWellFormed(text)).toBe(Buffer.from(text, 'utf8').toString('utf8') === text);
      }),
    );
    expect(isWellFormed('😀')).toBe(true);
    expect(isWellFormed('\ud83d')).toBe(false);
    expect(isWellFormed('a\ude00b')).toBe(false);
  });
});

it('utf8Bytes counts bytes, not characters', () => {
  expect([utf8Bytes('a'), utf8Bytes('公'), utf8Bytes('😀')]).toEqual([1, 3, 4]);
});

it('shorten never cuts a character in half', () => {
  expect(shorten('ab', 2)).toBe('ab');
  expect(shorten('a😀b', 2)).toBe('a…');
});

it('displayValue never shows what is inside an object', () => {
  const shown = [{ password: 'hunter2' }, ['hunter2'], () => 'hunter2', Symbol('hunter2')].map(displayValue);
  expect(shown).toEqual(['an object', 'an array', 'a function', 'a symbol']);
  expect([displayValue('a"b'), displayValue(5n), displayValue(null), displayValue(Number.NaN)]).toEqual([
    '"a\\"b"',
    '5n',
    'null',
    'NaN',
  ]);
});

import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../errors/errors.js';
import { encodeProgress } from './progress.js';

describe('encodeProgress', () => {
  it.each([
    [0, '0'],
    [false, 'false'],
    ['', '""'],
    [null, 'null'],
    [{ done: 1, of: 2 }, '{"done":1,"of":2}'],
  ])('%j', (progress, json) => {
    expect(encodeProgress(progress)).toBe(json);
  });

  it.each([[undefined], [() => 1], [1n], [Number.NaN], [{ n: Number.POSITIVE_INFINITY }], [new Map()]])(
    'refuses %p',
    (progress) => {
      expect(() => encodeProgress(progress)).toThrow(InvalidArgumentError);
    },
  );
});

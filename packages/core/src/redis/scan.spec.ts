import { describe, expect, it } from '@jest/globals';
import { escapeGlob } from './scan.js';

describe('escapeGlob', () => {
  it.each([
    ['plain-name_1.2', 'plain-name_1.2'],
    ['[ab]*', '\\[ab\\]\\*'],
    ['a?b\\c', 'a\\?b\\\\c'],
    ['{x}^-', '{x}^-'],
  ])('%j becomes %j', (text, escaped) => {
    expect(escapeGlob(text)).toBe(escaped);
  });
});

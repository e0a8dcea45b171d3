import { describe, expect, it } from '@jest/globals';
import { asArguments, asText, asTexts } from './script-arguments.js';

describe('script arguments', () => {
  it('are sent as they are where Redis takes them, and as text otherwise', () => {
    const packed = Buffer.from([1, 2]);
    expect(asArguments(['text', 7, packed, undefined, null, true, { a: 1 }])).toEqual([
      'text',
      7,
      packed,
      '',
      '',
      'true',
      '{"a":1}',
    ]);
  });

  it.each([
    ['text', 'text'],
    [42, '42'],
    [42n, '42'],
    [Symbol('x'), 'Symbol(x)'],
    [() => 1, ''],
    [[1, 2], '[1,2]'],
    [null, ''],
  ])('make a text of %p', (value, text) => {
    expect(asText(value)).toBe(text);
  });

  it('leave fields out that are undefined', () => {
    expect(asTexts({ failedReason: { code: 1 }, stacktrace: '[]', tm: undefined })).toEqual({
      failedReason: '{"code":1}',
      stacktrace: '[]',
    });
  });
});

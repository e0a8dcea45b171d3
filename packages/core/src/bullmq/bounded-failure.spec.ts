import { describe, expect, it } from '@jest/globals';
import { DelayedError, UnrecoverableError } from 'bullmq';
import { isWellFormed } from '../domain/text.js';
import { boundedError, boundedReason } from './bounded-failure.js';

describe('boundedError', () => {
  it('is the error itself where its texts are short', () => {
    const error = new Error('short');
    expect(boundedError(error)).toBe(error);
  });

  it.each([UnrecoverableError, DelayedError, TypeError])(
    'cuts a long message, and stays a %p',
    (ErrorClass) => {
      const error = new ErrorClass('x'.repeat(5_000_000));
      const bounded = boundedError(error);
      expect(bounded).toBeInstanceOf(ErrorClass);
      expect(bounded.name).toBe(error.name);
      expect(bounded.message).toMatch(/^x{4000}…$/);
      expect(bounded.stack!.length).toBeLessThan(8_100);
      expect(bounded.stack).toContain('bounded-failure.spec');
      expect(error.message).toHaveLength(5_000_000);
    },
  );

  it('cuts a long stack, and one that is no text', () => {
    const error = new Error('short');
    error.stack = 'y'.repeat(10_000);
    expect(boundedError(error)).toMatchObject({ message: 'short', stack: `${'y'.repeat(8_000)}…` });
    const odd = Object.assign(new Error(), { message: { text: 'z'.repeat(10_000) } as unknown as string });
    expect(boundedError(odd).message).toHaveLength(4_001);
  });

  it('never cuts a character in half', () => {
    expect(boundedReason('项'.repeat(5_000))).toBe(`${'项'.repeat(4_000)}…`);
    expect(isWellFormed(boundedReason(`a${'😀'.repeat(5_000)}`))).toBe(true);
  });
});

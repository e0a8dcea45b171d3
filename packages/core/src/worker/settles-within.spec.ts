import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { settlesWithin } from './settles-within.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('settlesWithin', () => {
  it('tells whether it was in time, and leaves no timer', async () => {
    expect(await settlesWithin(Promise.resolve(), 100)).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
    const late = settlesWithin(new Promise(() => undefined), 100);
    await jest.advanceTimersByTimeAsync(100);
    expect(await late).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('passes a rejection on', async () => {
    await expect(settlesWithin(Promise.reject(new Error('no')), 100)).rejects.toThrow('no');
    expect(jest.getTimerCount()).toBe(0);
  });
});

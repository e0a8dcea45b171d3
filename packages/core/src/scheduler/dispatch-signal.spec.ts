import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DispatchSignal } from './dispatch-signal.js';

let over: AbortController;
let signal: DispatchSignal;

beforeEach(() => {
  jest.useFakeTimers();
  over = new AbortController();
  signal = new DispatchSignal(over.signal);
});
afterEach(() => {
  jest.useRealTimers();
});

/** How long a wait takes, in fake time; nothing while it goes on. */
async function lasts(wait: Promise<void>, ms: number): Promise<boolean> {
  let over = false;
  void wait.then(() => (over = true));
  await jest.advanceTimersByTimeAsync(ms);
  return !over;
}

describe('DispatchSignal', () => {
  it('waits for the time', async () => {
    const wait = signal.wait(100);
    expect(await lasts(wait, 99)).toBe(true);
    expect(await lasts(wait, 1)).toBe(false);
  });

  it('is woken by a marker, and leaves no timer', async () => {
    const wait = signal.wait(100);
    signal.set();
    expect(await lasts(wait, 0)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('remembers one marker that came early, and uses it up', async () => {
    signal.set();
    signal.set();
    expect(await lasts(signal.wait(100), 0)).toBe(false);
    expect(await lasts(signal.wait(100), 99)).toBe(true);
  });

  it('a pause ends with a marker too, and leaves it for the wait', async () => {
    const pause = signal.pause(100);
    signal.set();
    expect(await lasts(pause, 0)).toBe(false);
    expect(await lasts(signal.wait(100), 0)).toBe(false);
  });

  it('waits no more once the term is over', async () => {
    const wait = signal.wait(100);
    over.abort();
    expect(await lasts(wait, 0)).toBe(false);
    expect(await lasts(signal.wait(100), 0)).toBe(false);
    expect(await lasts(signal.pause(100), 0)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });
});

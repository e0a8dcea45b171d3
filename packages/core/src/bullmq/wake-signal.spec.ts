import { describe, expect, it } from '@jest/globals';
import { WakeSignal } from './wake-signal.js';

describe('WakeSignal', () => {
  it('wakes the waiter', async () => {
    const signal = new WakeSignal();
    const waiting = signal.wait();
    signal.set();
    expect(await waiting).toBe(true);
  });

  it('remembers once what was set while nobody waited', async () => {
    const signal = new WakeSignal();
    signal.set();
    signal.set();
    expect(await signal.wait()).toBe(true);
    const second = signal.wait();
    signal.interrupt();
    expect(await second).toBe(false);
  });

  it('does not remember an interruption', async () => {
    const signal = new WakeSignal();
    signal.interrupt();
    const waiting = signal.wait();
    signal.set();
    expect(await waiting).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { trustEndsAtMs, TrustWindow } from './trust-window.js';

describe('TrustWindow', () => {
  it('is closed until the first renewal', () => {
    const window = new TrustWindow(30_000);
    expect(window.isOpen(0)).toBe(false);
    expect(window.remainingMs(-1e9)).toBe(0);
  });

  it('ends one drift margin before the lease, counted from when the renewal was sent', () => {
    const window = new TrustWindow(30_000, 0.01);
    window.renewed(1_000);
    expect(window.isOpen(30_699)).toBe(true);
    expect(window.isOpen(30_700)).toBe(false);
    expect(window.remainingMs(20_700)).toBe(10_000);
  });

  it('is not shortened by the late reply of an older renewal', () => {
    const window = new TrustWindow(1_000, 0);
    window.renewed(500);
    window.renewed(100);
    expect(window.remainingMs(500)).toBe(1_000);
  });

  it('stays closed once closed, also when a late reply arrives', () => {
    const window = new TrustWindow(1_000);
    window.renewed(0);
    window.close();
    window.renewed(10);
    expect(window.isOpen(10)).toBe(false);
    expect(window.remainingMs(10)).toBe(0);
  });

  it.each([
    [0, 0.01],
    [-5, 0.01],
    [Number.NaN, 0.01],
    [Number.POSITIVE_INFINITY, 0.01],
    [1_000, 1],
    [1_000, -0.1],
    [1_000, Number.NaN],
  ])('refuses a lease of %p ms with margin %p', (ttlMs, margin) => {
    expect(() => new TrustWindow(ttlMs, margin)).toThrow(RangeError);
  });

  it('never outlives the lease while the clocks drift apart by no more than the margin', () => {
    const world = {
      ttlMs: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      margin: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
      // How fast Redis' clock runs, in units of the holder's; at most as fast as the margin allows for.
      drift: fc.double({ min: 0, max: 1, noNaN: true }),
      sentAtMs: fc.integer({ min: 0, max: 1e12 }),
      flightMs: fc.integer({ min: 0, max: 1e6 }),
    };
    fc.assert(
      fc.property(fc.record(world), ({ ttlMs, margin, drift, sentAtMs, flightMs }) => {
        const redisRate = 1 / (1 - margin * drift);
        const leaseEndsAtMs = sentAtMs + flightMs + ttlMs / redisRate;
        const window = new TrustWindow(ttlMs, margin);
        window.renewed(sentAtMs);
        const slack = 1e-3; // of floating point, at readings of years
        expect(trustEndsAtMs(sentAtMs, ttlMs, margin)).toBeLessThanOrEqual(leaseEndsAtMs + slack);
        expect(window.isOpen(leaseEndsAtMs + slack)).toBe(false);
      }),
    );
  });
});

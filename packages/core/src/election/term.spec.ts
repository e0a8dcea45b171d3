import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '../domain/clock.js';
import { StaleLeaderError } from '../errors/errors.js';
import type { LeadershipTerm, TermRunner } from './leadership.interface.js';
import { Term, type TermEnd } from './term.js';

const options = { electionLockTtlMs: 900, heartbeatIntervalMs: 200, schedulerIntervalMs: 100 };

/** Runs until the term is over, as a dispatch loop does; `settle` holds it up. */
class Runner implements TermRunner {
  lastProgressMs: number | undefined;
  settle: Promise<void> = Promise.resolve();
  fail: ((error: Error) => void) | undefined;
  returned = false;

  async run(term: LeadershipTerm): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.fail = reject;
      term.signal.addEventListener('abort', () => {
        resolve();
      });
    });
    await this.settle;
    this.returned = true;
  }
}

let clock: ManualClock;
let runner: Runner;
let renew: jest.Mock<(heartbeats: number) => Promise<boolean>>;
let errors: unknown[];

function begin(sentAtMs = clock.nowMs()): { term: Term; ended: () => TermEnd | undefined } {
  const term = new Term('node:1', sentAtMs, {
    options,
    clock,
    runners: [runner],
    renew,
    onError: (error) => errors.push(error),
  });
  let reason: TermEnd | undefined;
  void term.ended.then((end) => (reason = end));
  return { term, ended: () => reason };
}

/** Moves the clock and the timers together, in small steps. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(Math.min(10, left));
    await jest.advanceTimersByTimeAsync(Math.min(10, left));
  }
}

beforeEach(() => {
  jest.useFakeTimers();
  clock = new ManualClock(50_000);
  runner = new Runner();
  renew = jest.fn<(heartbeats: number) => Promise<boolean>>().mockResolvedValue(false);
  errors = [];
});
afterEach(() => {
  jest.useRealTimers();
});

describe('Term', () => {
  it('renews at every heartbeat, and counts', async () => {
    const { term, ended } = begin();
    await pass(5_000);
    expect(ended()).toBeUndefined();
    expect(term.isOpen).toBe(true);
    expect(renew.mock.calls.length).toBeGreaterThanOrEqual(20);
    expect(renew.mock.calls.map(([heartbeats]) => heartbeats)).toEqual(renew.mock.calls.map((_, i) => i + 1));
    term.end('resigned');
  });

  it('ends by its own clock before the lock can expire, when no renewal gets through', async () => {
    renew.mockRejectedValue(new Error('no connection'));
    const { term, ended } = begin();
    await pass(880);
    expect(term.isOpen).toBe(true);
    await pass(15);
    expect(term.isOpen).toBe(false);
    await pass(10);
    expect(ended()).toBe('lease-lost');
    expect(errors.length).toBeGreaterThan(1);
    await term.settled;
  });

  it('counts the lease from before the renewal was sent', async () => {
    renew.mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return false;
    });
    const { term, ended } = begin();
    // Sent at 200, answered at 800: good until 200 + 891, not 800 + 891. The next one is sent at 1,000.
    await pass(1_080);
    expect(term.isOpen).toBe(true);
    await pass(30);
    expect(ended()).toBe('lease-lost');
  });

  it('is over from the beginning where the election was won too long ago', async () => {
    const { term, ended } = begin(clock.nowMs() - 900);
    expect(term.isOpen).toBe(false);
    await pass(10);
    expect(ended()).toBe('lease-lost');
  });

  it('is over after a freeze, whatever is answered then', async () => {
    let answer!: () => void;
    renew.mockReturnValue(new Promise<boolean>((resolve) => (answer = () => resolve(false))));
    const { term, ended } = begin();
    await pass(210);
    clock.advance(10_000);
    expect(term.isOpen).toBe(false);
    await jest.advanceTimersByTimeAsync(1_000);
    answer();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(term.isOpen).toBe(false);
    expect(ended()).toBe('lease-lost');
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it('ends when Redis knows a newer leader', async () => {
    renew.mockRejectedValue(new StaleLeaderError({}));
    const { ended } = begin();
    await pass(210);
    expect(ended()).toBe('fenced');
    expect(errors).toEqual([]);
  });

  it('resigns when a renewal is answered by the request to', async () => {
    renew.mockResolvedValueOnce(false).mockResolvedValueOnce(true);
    const { term, ended } = begin();
    await pass(500);
    expect(ended()).toBe('resigned');
    expect(term.isOpen).toBe(false);
    await pass(2_000);
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it('tries again soon after a renewal that failed', async () => {
    renew.mockRejectedValueOnce(new Error('timed out'));
    const { term, ended } = begin();
    await pass(3_000);
    expect(ended()).toBeUndefined();
    expect(errors).toHaveLength(1);
    term.end('resigned');
  });

  it('does not renew for a dispatch loop that stands still', async () => {
    runner.lastProgressMs = clock.nowMs();
    const { ended } = begin();
    await pass(890);
    expect(ended()).toBeUndefined();
    await pass(200);
    expect(ended()).toBe('stalled');
  });

  it('goes on with a loop that makes progress', async () => {
    const { term, ended } = begin();
    for (let i = 0; i < 20; i += 1) {
      runner.lastProgressMs = clock.nowMs();
      await pass(500);
    }
    expect(ended()).toBeUndefined();
    term.end('resigned');
  });

  it('is over when something that a leader does ends by itself', async () => {
    const { ended } = begin();
    runner.fail?.(new Error('a defect'));
    await pass(10);
    expect(ended()).toBe('stalled');
    expect(errors).toEqual([new Error('a defect')]);
  });

  it('ends once, for the first reason, and leaves no timer', async () => {
    const { term, ended } = begin();
    term.end('resigned');
    term.fenced();
    expect(term.signal.aborted).toBe(true);
    expect(term.isOpen).toBe(false);
    await pass(5_000);
    expect(ended()).toBe('resigned');
    expect(renew).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has ended at once, and settled when everything has returned', async () => {
    let settle!: () => void;
    runner.settle = new Promise((resolve) => (settle = resolve));
    const { term, ended } = begin();
    let settled = false;
    void term.settled.then(() => (settled = true));
    term.end('resigned');
    await pass(10);
    expect(ended()).toBe('resigned');
    expect(settled).toBe(false);
    settle();
    await pass(10);
    expect(settled).toBe(true);
    expect(runner.returned).toBe(true);
  });

  it('does not schedule another renewal when it ends during one', async () => {
    let answer!: () => void;
    renew.mockReturnValue(new Promise<boolean>((resolve) => (answer = () => resolve(false))));
    const { term } = begin();
    await pass(210);
    term.end('resigned');
    answer();
    await pass(2_000);
    expect(renew).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

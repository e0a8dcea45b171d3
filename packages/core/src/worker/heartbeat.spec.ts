import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Heartbeat } from './heartbeat.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('Heartbeat', () => {
  it('beats at its interval until it is stopped', async () => {
    const beat = jest.fn(async () => undefined);
    const heartbeat = new Heartbeat(100, beat, () => undefined);
    heartbeat.start();
    await jest.advanceTimersByTimeAsync(1_050);
    expect(beat).toHaveBeenCalledTimes(10);
    heartbeat.stop();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(beat).toHaveBeenCalledTimes(10);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('never beats twice at once: the interval begins when a beat has been answered', async () => {
    let [running, most] = [0, 0];
    const beat = jest.fn(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 350));
      running -= 1;
    });
    const heartbeat = new Heartbeat(100, beat, () => undefined);
    heartbeat.start();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(most).toBe(1);
    expect(beat).toHaveBeenCalledTimes(5);
    heartbeat.stop();
  });

  it('goes on after one that failed, and reports it', async () => {
    const errors: unknown[] = [];
    let count = 0;
    const beat = async (): Promise<void> => {
      count += 1;
      if (count === 2) throw new Error('lost');
    };
    const heartbeat = new Heartbeat(100, beat, (error) => errors.push(error));
    heartbeat.start();
    await jest.advanceTimersByTimeAsync(500);
    expect(count).toBe(5);
    expect(errors).toEqual([new Error('lost')]);
    heartbeat.stop();
  });

  it('stopped during a beat, beats no more; started again meanwhile, at one pace', async () => {
    const finish: (() => void)[] = [];
    const beat = jest.fn(() => new Promise<void>((resolve) => finish.push(resolve)));
    const heartbeat = new Heartbeat(100, beat, () => undefined);
    heartbeat.start();
    await jest.advanceTimersByTimeAsync(100);
    heartbeat.stop();
    heartbeat.start();
    finish[0]?.();
    await jest.advanceTimersByTimeAsync(100);
    expect(beat).toHaveBeenCalledTimes(2);
    expect(jest.getTimerCount()).toBe(0);
    heartbeat.stop();
    finish[1]?.();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(beat).toHaveBeenCalledTimes(2);
  });

  it('beats a moment after it was asked, once, and goes on at its interval', async () => {
    const beat = jest.fn(async () => undefined);
    const heartbeat = new Heartbeat(10_000, beat, () => undefined);
    heartbeat.start();
    for (let i = 0; i < 10; i += 1) {
      heartbeat.soon();
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(beat).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(9_999);
    expect(beat).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(beat).toHaveBeenCalledTimes(2);
    heartbeat.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asked during a beat, beats again a moment later: the reply may have been older than the question', async () => {
    const finish: (() => void)[] = [];
    const beat = jest.fn(() => new Promise<void>((resolve) => finish.push(resolve)));
    const heartbeat = new Heartbeat(10_000, beat, () => undefined);
    heartbeat.start();
    await jest.advanceTimersByTimeAsync(10_000);
    heartbeat.soon();
    finish[0]?.();
    await jest.advanceTimersByTimeAsync(100);
    expect(beat).toHaveBeenCalledTimes(2);
    finish[1]?.();
    await jest.advanceTimersByTimeAsync(9_999);
    expect(beat).toHaveBeenCalledTimes(2);
    heartbeat.stop();
  });

  it('asked while it is stopped, does nothing', async () => {
    const beat = jest.fn(async () => undefined);
    const heartbeat = new Heartbeat(10_000, beat, () => undefined);
    heartbeat.soon();
    heartbeat.start();
    heartbeat.stop();
    heartbeat.soon();
    await jest.advanceTimersByTimeAsync(20_000);
    expect(beat).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});

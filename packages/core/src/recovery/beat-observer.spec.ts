import { describe, expect, it } from '@jest/globals';
import { BeatObserver } from './beat-observer.js';

describe('BeatObserver', () => {
  it('gives every worker the whole timeout from when it first saw it', () => {
    const observer = new BeatObserver(1_000);
    expect(observer.observe({ a: '7' }, 50_000)).toEqual([]);
    expect(observer.observe({ a: '7', b: '1' }, 50_600)).toEqual([]);
    expect(observer.observe({ a: '7', b: '1' }, 50_999)).toEqual([]);
    expect(observer.observe({ a: '7', b: '1' }, 51_000)).toEqual([
      { workerId: 'a', beat: '7', silentMs: 1_000 },
    ]);
    expect(observer.observe({ a: '7', b: '1' }, 51_600)).toEqual([
      { workerId: 'a', beat: '7', silentMs: 1_600 },
      { workerId: 'b', beat: '1', silentMs: 1_000 },
    ]);
  });

  it('begins anew with every change, also to a lower number', () => {
    const observer = new BeatObserver(1_000);
    observer.observe({ a: '7' }, 0);
    observer.observe({ a: '8' }, 900);
    expect(observer.observe({ a: '8' }, 1_899)).toEqual([]);
    observer.observe({ a: '1' }, 1_900);
    expect(observer.observe({ a: '1' }, 2_899)).toEqual([]);
    expect(observer.observe({ a: '1' }, 2_900)).toEqual([{ workerId: 'a', beat: '1', silentMs: 1_000 }]);
  });

  it('forgets who has gone', () => {
    const observer = new BeatObserver(1_000);
    observer.observe({ a: '7' }, 0);
    observer.observe({}, 500);
    expect(observer.observe({ a: '7' }, 1_100)).toEqual([]);
    expect(observer.observe({ a: '7' }, 2_100)).toHaveLength(1);
  });

  it('knows when the next worker can have been silent for long enough', () => {
    const observer = new BeatObserver(1_000);
    expect(observer.msUntilSilent(0)).toBe(Number.POSITIVE_INFINITY);
    observer.observe({ a: '1' }, 0);
    observer.observe({ a: '1', b: '1' }, 300);
    expect(observer.msUntilSilent(400)).toBe(600);
    // One that is silent and could not be recovered is looked at with the others.
    expect(observer.msUntilSilent(1_000)).toBe(300);
    expect(observer.msUntilSilent(1_300)).toBe(Number.POSITIVE_INFINITY);
  });

  it('names a worker whose process was seen dead at once, and does not wait for it', () => {
    const observer = new BeatObserver(1_000);
    observer.observe({ a: '7', b: '1' }, 0);
    expect(observer.observe({ a: '-1', b: '1' }, 100)).toEqual([{ workerId: 'a', beat: '-1', silentMs: 0 }]);
    expect(observer.msUntilSilent(100)).toBe(900);
    // A heartbeat came after all.
    expect(observer.observe({ a: '0', b: '1' }, 200)).toEqual([]);
    expect(observer.observe({ a: '0', b: '2' }, 1_199)).toEqual([]);
    expect(observer.observe({ a: '0', b: '2' }, 1_200)).toEqual([
      { workerId: 'a', beat: '0', silentMs: 1_000 },
    ]);
  });

  it('tells when there is somebody new', () => {
    const observer = new BeatObserver(1_000);
    expect(observer.hasNew({})).toBe(false);
    expect(observer.hasNew({ a: '1' })).toBe(true);
    observer.observe({ a: '1' }, 0);
    expect(observer.hasNew({ a: '2' })).toBe(false);
    expect(observer.hasNew({ a: '2', b: '1' })).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import { decodeQueueStats, decodeTagStats } from './queue-stats.js';

describe('decodeQueueStats', () => {
  it('names the numbers, and tells the running workers from all', () => {
    expect(decodeQueueStats([1, 2, 3, 4, 5, 1, 6, 7, 8, 10])).toEqual({
      waiting: 1,
      active: 2,
      delayed: 3,
      completed: 4,
      failed: 5,
      paused: true,
      tagsWaiting: 6,
      tagsBound: 7,
      workersIdle: 8,
      workersRunning: 2,
    });
    expect(decodeQueueStats([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).toMatchObject({
      paused: false,
      workersRunning: 0,
    });
  });
});

describe('decodeTagStats', () => {
  it('of a tag that nobody has', () => {
    expect(decodeTagStats('t', [0, 0, 0, -1])).toEqual({
      identifyTag: 't',
      waiting: 0,
      active: 0,
      boundTo: [],
      paused: false,
      parkedUntil: null,
    });
  });

  it('names a worker once that has it as its batch and as its look-ahead', () => {
    expect(decodeTagStats('t', [5, 1, 1, 1_795_300_738_168, 'w-1', 'w-2', 'w-1'])).toEqual({
      identifyTag: 't',
      waiting: 5,
      active: 1,
      boundTo: ['w-1', 'w-2'],
      paused: true,
      parkedUntil: 1_795_300_738_168,
    });
  });
});

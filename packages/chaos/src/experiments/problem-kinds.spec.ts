import { expect, it } from '@jest/globals';
import { missedBars } from '../report/missed-bars.js';
import { problemKind } from './problem-kinds.js';

it.each([
  [
    '4 points were never reached:\n  worker, working: beat, before',
    'points of `every-step` that nothing led to',
  ],
  ['Error: Waited 60000 ms in vain until the queue is quiet', 'a queue that did not drain'],
  ['kill, the leader: fewer than 10 attempts ended within 20 s after it', 'a standstill after a fault'],
  [
    'when the queue is quiet, 15 connections are open of 4 instances',
    'connections beyond the documented ones',
  ],
  ['memory of Redis grows by 900 KiB in an hour', 'memory that grew'],
  [missedBars('failover', { leaderCrash: [9_000] }).join(), 'a bar that was missed'],
  ['7 tasks ran twice', 'something else'],
])('%s', (problem, kind) => {
  expect(problemKind(problem)).toBe(kind);
});

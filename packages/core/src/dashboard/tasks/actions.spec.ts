import { expect, it } from '@jest/globals';
import { parseAction } from './actions.js';

it.each([
  [{ action: 'pause-queue', tag: 7 }, { action: 'pause-queue' }],
  [
    { action: 'pause-tag', tag: '__proto__', queue: 'q' },
    { action: 'pause-tag', tag: '__proto__' },
  ],
  [
    { action: 'retry-task', jobId: '1' },
    { action: 'retry-task', jobId: '1' },
  ],
])('%j is an action', (body, action) => {
  expect(parseAction(body)).toEqual(action);
});

it.each([
  [undefined],
  [null],
  ['pause-queue'],
  [{}],
  [{ action: 'toString' }],
  [{ action: ['pause-queue'] }],
  [{ action: 'pause-tag' }],
  [{ action: 'pause-tag', tag: 7 }],
  [{ action: 'remove-task', tag: 'a' }],
])('%j is none', (body) => {
  expect(parseAction(body)).toBeUndefined();
});

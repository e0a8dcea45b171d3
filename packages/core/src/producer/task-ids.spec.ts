import { describe, expect, it } from '@jest/globals';
import { assertValidJobId, reservedJobIds } from '../domain/job-id.js';
import { canBeTaskId, newTaskId } from './task-ids.js';

describe('newTaskId', () => {
  it('makes short ids that BullMQ and we accept, and no two alike', () => {
    const ids = Array.from({ length: 5_000 }, newTaskId);
    expect(new Set(ids).size).toBe(5_000);
    for (const id of ids) {
      expect(id).toMatch(/^t[A-Za-z0-9_-]{15}$/);
      expect(() => {
        assertValidJobId(id);
      }).not.toThrow();
      expect(canBeTaskId(id)).toBe(true);
    }
  });
});

describe('canBeTaskId', () => {
  it.each([
    'order-17',
    'a b',
    '公司',
    '🎉',
    '1',
    '4711',
    '-3',
    'repeat:every:1795300738168',
    'repeat:a:b:17',
    'a:b:c',
    't',
  ])('accepts %p, also what only BullMQ gives out', (id) => {
    expect(canBeTaskId(id)).toBe(true);
  });

  it.each([...reservedJobIds])('refuses %p, a key of the queue', (id) => {
    expect(canBeTaskId(id)).toBe(false);
  });

  it.each([
    '',
    'aff:seq',
    'aff:tag:da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'de:some-id',
    'metrics:completed:data',
    'repeat:every',
    'repeat:every:soon',
    'order-17:lock',
    'order-17:logs',
    'a:b:c:d',
    '\uD83D',
    17,
    null,
    undefined,
    {},
  ])('refuses %p', (id) => {
    expect(canBeTaskId(id)).toBe(false);
  });
});

import { describe, expect, it, jest } from '@jest/globals';
import { assertValidJobId, reservedJobIds } from '../domain/job-id.js';
import { canBeTaskId, newTaskId, TaskIds } from './task-ids.js';

describe('newTaskId', () => {
  it('makes short ids that BullMQ and we accept, no two alike, in their order', () => {
    const ids = Array.from({ length: 5_000 }, newTaskId);
    expect(new Set(ids).size).toBe(5_000);
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) {
      expect(id).toMatch(/^[A-Z][A-Za-z0-9_-]{12}$/);
      expect(() => {
        assertValidJobId(id);
      }).not.toThrow();
      expect(canBeTaskId(id)).toBe(true);
    }
  });

  it('makes none that is a name of BullMQ', () => {
    const couldBeDrawn = /^[A-Z][\w-]{12}$/;
    expect(newTaskId()).toMatch(couldBeDrawn);
    expect([...reservedJobIds].filter((name) => couldBeDrawn.test(name))).toEqual([]);
  });

  it('makes other ids in another process', async () => {
    jest.resetModules();
    const another = await import('./task-ids.js');
    expect(another.newTaskId).not.toBe(newTaskId);
    expect(another.newTaskId().slice(0, 9)).not.toBe(newTaskId().slice(0, 9));
  });

  it('begins anew with other random characters when it has counted to the end', () => {
    const first = newTaskId();
    const ids = new TaskIds(8);
    const some = Array.from({ length: 20 }, () => ids.next());
    expect(new Set(some.map((id) => id.slice(0, 9))).size).toBe(3);
    expect(new Set([first, ...some]).size).toBe(21);
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
    'aff:tag:company-123',
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

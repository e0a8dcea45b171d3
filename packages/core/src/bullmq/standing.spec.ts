import { describe, expect, it } from '@jest/globals';
import { completionOf, readStanding } from './standing.js';

describe('readStanding', () => {
  it.each([
    ['a task', '1:2:3:1795318632279124:40:7:mail0:1 mail1', 'mail1'],
    ['an id with colons and spaces', '0:2:3:1795318632279124:40:5:x y:1 repeat:a b:1', 'repeat:a b:1'],
    ['an id after one of more bytes than characters', '0:2:3:1795318632279124:40:10:täsk€:1 ü', 'ü'],
    ['a task that is the first one', '0:2:3:1795318632279124:40:0: a1', 'a1'],
    ['a worker whose batch has changed', '~0:2:3:1795318632279124:40:4:a0:1 a1', 'a1'],
  ])('reads %s', (_what, text, id) => {
    const read = readStanding(text);
    expect(read).toEqual({ attempt: 2, batchPosition: 3, fencingToken: 1795318632279124, seq: '40', id });
  });

  it('reads a worker without a task', () => {
    expect(readStanding('0::2:1795318632279124::4:a1:1 ')).toMatchObject({ attempt: 0, id: '', seq: '' });
  });

  it.each(['', 'a1', '2:1:1:1:1:0: a1'])('refuses %p', (text) => {
    expect(() => readStanding(text)).toThrow(RangeError);
  });
});

describe('completionOf', () => {
  it('gives the pieces of which the next standing is made', () => {
    const standing = '1:2:3:1795318632279124:40:4:a0:1 täsk';
    const [now, id, head, tail] = completionOf(standing, readStanding(standing), true);
    expect([now, id]).toEqual([standing, 'täsk']);
    expect(readStanding(`${head}41${tail}a2`)).toEqual({
      ...{ attempt: 1, batchPosition: 4, fencingToken: 1795318632279124, seq: '41', id: 'a2' },
    });
    expect(tail).toBe(':7:täsk:2 ');
  });
});

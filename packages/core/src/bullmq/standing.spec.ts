import { describe, expect, it } from '@jest/globals';
import { readStanding } from './standing.js';

describe('readStanding', () => {
  it.each([
    ['a task', '1:2:3:1795318632279124:40:5:mail1 mail0:1', 'mail1'],
    ['an id with colons and spaces', '0:2:3:1795318632279124:40:12:repeat:a b:1 x:1', 'repeat:a b:1'],
    ['an id of more bytes than characters', '0:2:3:1795318632279124:40:7:täsk-1 €', 'täsk-1'],
    ['a worker whose batch has changed', '~0:2:3:1795318632279124:40:2:a1 a0:1', 'a1'],
  ])('reads %s', (_what, text, id) => {
    const read = readStanding(text);
    expect(read).toEqual({ attempt: 2, batchPosition: 3, fencingToken: 1795318632279124, seq: '40', id });
  });

  it('reads a worker without a task', () => {
    expect(readStanding('0::2:1795318632279124::0: a1:1')).toMatchObject({ attempt: 0, id: '', seq: '' });
  });

  it.each(['', 'a1', '2:1:1:1:1:2:a1'])('refuses %p', (text) => {
    expect(() => readStanding(text)).toThrow(RangeError);
  });
});

import { describe, expect, it } from '@jest/globals';
import { parseLeaderInfo } from './leader-info.js';

describe('parseLeaderInfo', () => {
  it('reads what a leader writes', () => {
    expect(parseLeaderInfo('{"nodeId":"n","epoch":1795000000000000}')).toEqual({
      nodeId: 'n',
      epoch: 1_795_000_000_000_000,
    });
  });

  it.each([null, '', 'not JSON', 'null', '"text"', '{"epoch":1}', '{"nodeId":7}'])(
    'finds no leader in %j',
    (text) => {
      expect(parseLeaderInfo(text)).toBeNull();
    },
  );
});

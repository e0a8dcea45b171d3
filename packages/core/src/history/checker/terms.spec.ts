import { describe, expect, it } from '@jest/globals';
import { MadeHistory } from '../../../test/support/history/a-history.js';
import { checkHistory } from './check-history.js';

/** What I5 says, and of what it says nothing and why. */
async function said({ histories }: MadeHistory): Promise<string[]> {
  const { violations, undecided } = await checkHistory({ histories });
  return [
    ...violations.flatMap(({ invariant, message }) => (invariant === 'I5' ? [message] : [])),
    ...undecided.flatMap(({ invariant, reason }) => (invariant === 'I5' ? [reason] : [])),
  ];
}

describe('a leader that a neighbour reports dead', () => {
  const led = (history = new MadeHistory()): MadeHistory => history.leads('p', '9').after(200);
  const reported = (history: MadeHistory): MadeHistory =>
    history.says('q', 'leadership.lost', { node: 'p', epoch: '9', reason: 'died' });
  const writes = (history: MadeHistory): MadeHistory =>
    history.after(2_000).says('p', 'tag.purged', { tag: 'z' });
  const livedOn = ['p was reported dead as it led, and lived on'];

  it('may be followed at once, whenever that is written', async () => {
    expect(await said(reported(led()).leads('q', '10'))).toEqual([]);
    expect(await said(reported(led().leads('q', '10').after(5_000)))).toEqual([]);
  });

  it('is dead: it writes nothing any more', async () => {
    expect(await said(writes(reported(led()).leads('q', '10')))).toEqual(livedOn);
    expect(await said(writes(writes(reported(led()))))).toEqual(livedOn);
    expect(await said(reported(led()).says('p', 'process.closed', {}))).toEqual(livedOn);
    expect(await said(reported(writes(led())))).toEqual([]);
  });

  it('is not judged by the clock of another machine', async () => {
    const machines = new MadeHistory(['p', 'q'], {}, (process) => process);
    expect(await said(writes(reported(led(machines))))).toEqual(['the processes have no clock in common']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { MadeHistory } from '../../../test/support/history/a-history.js';
import type { RecordFields } from '../records.js';
import { checkHistory } from './check-history.js';
import type { Invariant } from './report.js';

type Verdict = 'holds' | 'violated' | 'explained' | 'undecided';

async function verdictOn(invariant: Invariant, { histories }: MadeHistory): Promise<Verdict> {
  const { violations, overlaps, undecided } = await checkHistory({ histories });
  if (violations.some((one) => one.invariant === invariant)) return 'violated';
  if (invariant === 'I1' && overlaps.length > 0) return 'explained';
  return undecided.some((one) => one.invariant === invariant) ? 'undecided' : 'holds';
}

type Fault = RecordFields['fault'];
const meets = (history: MadeHistory, fault: Fault): MadeHistory => history.says('r', 'fault', fault);
const dies = (history: MadeHistory): MadeHistory => meets(history, { kind: 'kill', target: 'p' });

describe('two handlers of a tag at the same time are excused', () => {
  const overlaps = (history: MadeHistory): MadeHistory =>
    history.starts('p', 't1').after(5).starts('q', 't2').after(5).ends('p', 't1').ends('q', 't2');

  it.each<[Fault, number, Verdict]>([
    // Over at once, with and without saying so.
    [{ kind: 'script-flush', target: 'redis' }, 60_000, 'violated'],
    [{ kind: 'script-flush', target: 'redis', durationMs: 0 }, 60_000, 'violated'],
    [{ kind: 'clock', target: 'redis' }, 60_000, 'violated'],
    [{ kind: 'redis-kill', target: 'redis' }, 60_000, 'violated'],
    [{ kind: 'cut', target: 'p' }, 60_000, 'violated'],
    [{ kind: 'cut', target: 'p' }, 0, 'violated'],
    [{ kind: 'promote', target: 'redis' }, 60_000, 'violated'],
    [{ kind: 'terminate', target: 'p' }, 60_000, 'violated'],
    // These end a lease, however short they are.
    [{ kind: 'promote', target: 'redis' }, 500, 'explained'],
    [{ kind: 'power-loss', target: 'redis', durationMs: 0 }, 500, 'explained'],
    [{ kind: 'terminate', target: 'p' }, 500, 'explained'],
    // These last, and without a duration for good.
    [{ kind: 'black-hole', target: 'p' }, 60_000, 'explained'],
    [{ kind: 'black-hole', target: 'p', durationMs: 59_500 }, 60_000, 'explained'],
    [{ kind: 'black-hole', target: 'p', durationMs: 50_000 }, 60_000, 'violated'],
    [{ kind: 'redis-kill', target: 'redis', durationMs: 1_100 }, 1_000, 'explained'],
  ])('by %j %d ms before: %s', async (fault, agoMs, verdict) => {
    const history = meets(new MadeHistory(['p', 'q', 'r']), fault).after(agoMs);
    expect(await verdictOn('I1', overlaps(history))).toBe(verdict);
  });

  const both = (options: Partial<RecordFields['queue.opened']> = {}): MadeHistory =>
    new MadeHistory(['p', 'q', 'r'], options).starts('p', 't1').starts('q', 't2');
  const still = (history: MadeHistory, durationMs: number): MadeHistory =>
    meets(history, { kind: 'freeze', target: 'p', durationMs });

  it.each<[string, MadeHistory, Verdict]>([
    ['at once', both(), 'undecided'],
    ['as it stood still since', still(both(), 900).after(950), 'undecided'],
    ['as it stood still twice since', still(still(both(), 900).after(950), 900).after(950), 'undecided'],
    ['long after it had stood still', still(both(), 900).after(3_000), 'violated'],
    ['as it stood still, and had been well before', still(both().after(60_000), 100).after(50), 'violated'],
    ['half a minute later, within a lease', both({ heartbeatTimeoutMs: 30_000 }).after(29_000), 'violated'],
    ['a moment later', both({ heartbeatTimeoutMs: 30_000 }).after(900), 'undecided'],
    ['later than a lease', both({ heartbeatTimeoutMs: 200 }).after(300), 'violated'],
  ])('by a kill of the first %s: %s', async (_, history, verdict) => {
    expect(await verdictOn('I1', dies(history).after(1_000).ends('q', 't2'))).toBe(verdict);
  });
});

import { describe, expect, it } from '@jest/globals';
import { MadeHistory, witnessOf, type Written } from '../../../test/support/history/a-history.js';
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

/** With the verdict before the history: titles are made of what comes first. */
const told = (rows: readonly (readonly [string, MadeHistory, Verdict])[]): [string, Verdict, MadeHistory][] =>
  rows.map(([what, history, verdict]) => [what, verdict, history]);

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

  it.each(
    told([
      ['at once', both(), 'undecided'],
      ['as it stood still since', still(both(), 900).after(950), 'undecided'],
      ['as it stood still twice since', still(still(both(), 900).after(950), 900).after(950), 'undecided'],
      ['long after it had stood still', still(both(), 900).after(3_000), 'violated'],
      ['as it stood still, and had been well before', still(both().after(60_000), 100).after(50), 'violated'],
      ['half a minute later, within a lease', both({ heartbeatTimeoutMs: 30_000 }).after(29_000), 'violated'],
      ['a moment later', both({ heartbeatTimeoutMs: 30_000 }).after(900), 'undecided'],
      ['later than a lease', both({ heartbeatTimeoutMs: 200 }).after(300), 'violated'],
    ]),
  )('by a kill of the first %s: %s', async (_, verdict, history) => {
    expect(await verdictOn('I1', dies(history).after(1_000).ends('q', 't2'))).toBe(verdict);
  });
});

describe('a start between two attempts of another task is excused', () => {
  const attempt = (of: number) => ({ worker: 'p-1', attempt: of });
  const leaves = (history: MadeHistory, of: number): MadeHistory =>
    history.says('p', 'task.leaving', { task: 't1', ...attempt(of) });
  const begun = (): MadeHistory =>
    new MadeHistory(['p', 'q', 'r']).adds('p', 't1').adds('p', 't2').starts('p', 't1');
  const ended = (of: number, history: MadeHistory, outcome: 'retried' | 'failed' | 'delayed' | 'completed') =>
    history.ends('p', 't1', 'a', attempt(of)).commits('p', 't1', { ...attempt(of), outcome });
  /** Attempt 1 was put back at the head; t2 starts, and then attempt 2. */
  const overtaken = (): MadeHistory =>
    ended(1, begun(), 'retried').runs('q', 't2').starts('p', 't1', 'a', { attempt: 2 });
  const anHourLater = (history: MadeHistory): MadeHistory => history.after(3_600_000);
  const again = (history: MadeHistory): MadeHistory =>
    history.runs('q', 't2').after(10).starts('q', 't1', 'a', { attempt: 2 });
  const refused = { task: 't1', ...attempt(1), outcome: 'delayed', error: '-7' } as const;

  it.each(
    told([
      ['nothing that comes later', ended(2, overtaken(), 'completed'), 'violated'],
      ['its second attempt, which is delayed', ended(2, overtaken(), 'delayed'), 'violated'],
      [
        'new attempts, which it gets later',
        anHourLater(ended(2, overtaken(), 'failed')).says('q', 'task.requeued', { task: 't1' }),
        'violated',
      ],
      ['a kill as its second attempt was leaving', dies(leaves(anHourLater(overtaken()), 2)), 'violated'],
      ['a kill as its first attempt wanted to leave after all', dies(leaves(overtaken(), 1)), 'violated'],
      [
        'the other one, which is delayed after its start',
        begun()
          .starts('q', 't2')
          .ends('q', 't2')
          .commits('q', 't2', { outcome: 'delayed' })
          .starts('p', 't1', 'a', { attempt: 2 }),
        'violated',
      ],
      ['its first attempt, which was delayed', again(ended(1, begun(), 'delayed')), 'holds'],
      [
        'new attempts, which it had got',
        again(ended(1, begun(), 'failed').says('q', 'task.requeued', { task: 't1' })),
        'holds',
      ],
      [
        'its first attempt, of which is written afterwards that it was delayed',
        again(leaves(begun(), 1)).commits('p', 't1', { outcome: 'delayed' }),
        'holds',
      ],
      [
        'its first attempt, of which is written afterwards that it was not',
        again(leaves(begun(), 1)).says('p', 'outcome.refused', refused),
        'violated',
      ],
      ['a kill as it was leaving', again(dies(leaves(begun(), 1))), 'undecided'],
      [
        'a kill long after it was leaving',
        again(dies(anHourLater(leaves(begun(), 1)).says('p', 'drained', {}))),
        'violated',
      ],
      [
        'that it was leaving, as its process lived on',
        again(leaves(begun(), 1)).says('p', 'process.closed', {}),
        'violated',
      ],
    ]),
  )('by %s: %s', async (_, verdict, history) => {
    expect(await verdictOn('I2', history)).toBe(verdict);
  });

  it.each([
    ['2', 'violated'],
    ['1', 'holds'],
  ])('by the word of the witness that attempt %s was delayed: %s', async (of, verdict) => {
    const { histories } = overtaken();
    const witness = witnessOf(['ended', { id: 't1', worker: 'p-1', attempt: of, outcome: 'delayed' }]);
    const { violations } = await checkHistory({ histories, witness });
    const between = violations.filter(({ message }) => message.includes('between two attempts'));
    expect(between).toHaveLength(verdict === 'violated' ? 1 : 0);
  });
});

describe('a start before a task that failed, and came anew, is excused', () => {
  const endedBy = (attempt: string, outcome: string) =>
    ['ended', { id: 't1', worker: 'p-1', attempt, outcome }] as const;
  const requeued = ['requeued', { id: 't1' }] as const;

  it.each<[string, Written[], number]>([
    ['if the witness saw that it came anew', [endedBy('1', 'failed'), requeued], 0],
    ['not if that was later', [endedBy('1', 'failed'), endedBy('2', 'failed'), requeued], 1],
    ['not if it did not', [endedBy('1', 'failed')], 1],
  ])('%s', async (_, written, count) => {
    const history = new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1').ends('p', 't1');
    const { histories } = history.runs('q', 't2').runs('q', 't1', 'a', { attempt: 2 });
    const { violations } = await checkHistory({ histories, witness: witnessOf(...written) });
    expect(violations.filter(({ message }) => message.includes('between two attempts'))).toHaveLength(count);
  });
});

describe('what is left of a task whose outcome nobody wrote down is excused', () => {
  const started = (): MadeHistory => new MadeHistory(['p', 'q', 'r']).adds('p', 't1').starts('p', 't1');
  const ended = (): MadeHistory => started().ends('p', 't1');
  const tenMinutes = (history: MadeHistory): MadeHistory => history.after(600_000);
  const livesOn = (history: MadeHistory): MadeHistory =>
    tenMinutes(history).says('p', 'tag.purged', { tag: 'z' });
  const cutOff = (history: MadeHistory, durationMs?: number): MadeHistory =>
    meets(history, { kind: 'black-hole', target: 'p', ...(durationMs !== undefined && { durationMs }) });

  it.each(
    told([
      ['ended right before it was killed', dies(ended()), 'undecided'],
      ['ended right before its history ends', ended(), 'undecided'],
      ['lives on and is not closed', livesOn(ended()), 'violated'],
      ['lives on and is killed', dies(livesOn(ended())), 'violated'],
      ['is killed after it wrote nothing for long', dies(tenMinutes(ended())), 'violated'],
      ['closed', ended().says('p', 'process.closed', {}), 'violated'],
      ['may still have run it', dies(livesOn(started())), 'undecided'],
      ['was cut off until it was killed', dies(livesOn(cutOff(ended()))), 'undecided'],
      ['was cut off for a while', dies(livesOn(cutOff(ended(), 5_000))), 'violated'],
      ['was cut off long afterwards', dies(cutOff(livesOn(ended()))), 'violated'],
    ]),
  )('by a process that %s: %s', async (_, verdict, history) => {
    history.says('q', 'drained', {}).says('q', 'keys.left', { keys: ['bull:queue:t1'] });
    expect(await verdictOn('I3', history)).toBe(verdict);
    expect(await verdictOn('I10', history)).toBe(verdict);
  });

  it('but not by one that heard that it is to run again', async () => {
    const history = dies(ended().commits('p', 't1', { outcome: 'retried' })).says('q', 'drained', {});
    expect(await verdictOn('I3', history)).toBe('violated');
  });
});

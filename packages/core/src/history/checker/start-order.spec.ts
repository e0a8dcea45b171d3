import { describe, expect, it } from '@jest/globals';
import { MadeHistory, witnessOf, type Written } from '../../../test/support/history/a-history.js';
import type { HistoryRecord } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import { checkHistory } from './check-history.js';

/** What I2 says, and of what it says nothing and why. */
async function said(histories: HistoryRecord[][], witness?: WitnessEntry[]): Promise<string[]> {
  const { violations, undecided } = await checkHistory({ histories, ...(witness && { witness }) });
  return [
    ...violations.flatMap(({ invariant, message }) => (invariant === 'I2' ? [message] : [])),
    ...undecided.flatMap(({ invariant, reason }) => (invariant === 'I2' ? [reason] : [])),
  ];
}

const between = ['tag a: t2 started between two attempts of t1'];
const noCommonClock = ['the processes have no clock in common'];

describe('I2 between two machines', () => {
  /** p has run for longer than q, or not for as long; its wall clock may be ahead, too. */
  const apart = (history: MadeHistory, aheadMs: number, wallAheadMs = 0): HistoryRecord[][] =>
    history.histories.map((records) =>
      records.map((record) =>
        record.process === 'p'
          ? { ...record, at: record.at + aheadMs * 1_000, wall: record.wall + wallAheadMs }
          : record,
      ),
    );
  const machines = (): MadeHistory => new MadeHistory(['p', 'q'], {}, (process) => process);
  /** t1 is ended so by p, and then t2 starts before its second attempt. */
  const overtaken = (outcome: 'delayed' | 'retried', history = machines()): MadeHistory => {
    history.adds('q', 't1').adds('q', 't2').starts('p', 't1');
    if (outcome === 'delayed') history.says('p', 'task.leaving', { task: 't1', worker: 'p-1', attempt: 1 });
    history.ends('p', 't1').commits('p', 't1', { outcome });
    return history.runs('q', 't2').runs('q', 't1', 'a', { attempt: 2 });
  };
  const taken = (id: string, attempt: string): Written => ['taken', { id, attempt, worker: 'w', tag: 'a' }];
  const ended = (outcome: string): Written => ['ended', { id: 't1', worker: 'p-1', attempt: '1', outcome }];

  it.each([-3_600_000, 0, 3_600_000])('decides nothing by clocks that are %d ms apart', async (ms) => {
    expect(await said(apart(overtaken('delayed'), ms))).toEqual(noCommonClock);
    expect(await said(apart(overtaken('retried'), ms))).toEqual(noCommonClock);
  });

  it.each([
    ['between', 'retried', [taken('t1', '1'), ended('retried'), taken('t2', '1'), taken('t1', '2')], between],
    [
      'between, as it had left',
      'delayed',
      [taken('t1', '1'), ended('delayed'), taken('t2', '1'), taken('t1', '2')],
      [],
    ],
    ['before both', 'retried', [taken('t2', '1'), taken('t1', '1'), ended('retried'), taken('t1', '2')], []],
    ['at a time that it missed', 'retried', [taken('t1', '1'), taken('t1', '2')], noCommonClock],
  ] as const)(
    'goes by the witness, which saw the other one start %s',
    async (_, outcome, written, expected) => {
      const { violations, undecided } = await checkHistory({
        histories: apart(overtaken(outcome), 3_600_000),
        witness: witnessOf(...written),
      });
      expect([
        ...violations.flatMap(({ message }) => (message.includes('between two') ? [message] : [])),
        ...undecided.flatMap(({ reason }) => (noCommonClock.includes(reason) ? [reason] : [])),
      ]).toEqual(expected);
    },
  );

  it('does not know which of two tasks started first', async () => {
    const history = (): MadeHistory => machines().adds('q', 't1').adds('q', 't2');
    const behind = history().runs('q', 't1').runs('p', 't2');
    expect(await said(apart(behind, -3.5, -3.5))).toEqual(noCommonClock);
    const ahead = history().starts('p', 't1').ends('p', 't1').commits('p', 't1', { outcome: 'delayed' });
    ahead.runs('q', 't2').runs('q', 't1', 'a', { attempt: 2 });
    expect(await said(apart(ahead, 3_600_000, 3_600_000))).toEqual(noCommonClock);
    expect(await said(history().runs('q', 't2').runs('q', 't1').histories)).toEqual([
      'tag a: t2 started before t1, which was added before it',
    ]);
  });

  it('does not know whether Redis went back before what the other one saw', async () => {
    const history = machines().adds('q', 't1').adds('q', 't2').runs('q', 't2');
    history.says('p', 'fault', { kind: 'power-loss', target: 'redis' }).runs('q', 't1');
    expect(await said(apart(history, -3_600_000))).toEqual([
      'Redis went back to an earlier state of its data',
    ]);
  });
});

describe('I2 of a task whose delay is refused', () => {
  const attempt = { task: 't1', worker: 'p-1', attempt: 1 };
  const delayed = { ...attempt, outcome: 'delayed' } as const;
  const leaving = (): MadeHistory =>
    new MadeHistory().adds('q', 't1').adds('q', 't2').starts('p', 't1').says('p', 'task.leaving', attempt);
  const refused = (history: MadeHistory): MadeHistory =>
    history.says('p', 'outcome.refused', { ...delayed, error: 'AFFINITY_WORKER_FENCED' });
  const wasLeaving = 'a task was about to leave its order, and nobody wrote down whether it did';

  it.each([
    ['of p', { kind: 'cut', target: 'p' }, [wasLeaving]],
    ['of Redis', { kind: 'redis-kill', target: 'redis' }, [wasLeaving]],
    ['of another process', { kind: 'cut', target: 'q' }, between],
    ['of p that was over long before', { kind: 'freeze', target: 'p', durationMs: 1 }, between],
  ] as const)(
    'is not decided where it may have been sent twice: a fault %s',
    async (what, fault, expected) => {
      const history = leaving();
      const agoMs = what.includes('before') ? 60_000 : 0;
      history.says('q', 'fault', { ...fault, agoMs });
      history.runs('q', 't2').after(500);
      const { histories } = refused(history.starts('q', 't1', 'a', { attempt: 2 }));
      expect(await said(histories)).toEqual(expected);
      expect(await said(histories, witnessOf())).toContain(between[0]);
    },
  );

  it('is excused where it had been sent before, and had no answer', async () => {
    const history = leaving().says('p', 'outcome.unknown', { ...delayed, error: 'AFFINITY_COMMAND_TIMEOUT' });
    history.runs('q', 't2').starts('q', 't1', 'a', { attempt: 2 }).says('p', 'task.leaving', attempt);
    expect(await said(refused(history).histories)).toEqual([]);
  });
});

describe('I2 of an id under which a task was removed', () => {
  const ways = [
    ['removed', 'task.removed', { task: 't1' }],
    ['purged', 'tag.purged', { tag: 'a' }],
  ] as const;
  const retried = (history: MadeHistory, attempt = 1): MadeHistory =>
    history
      .starts('p', 't1', 'a', { attempt })
      .ends('p', 't1', 'a', { attempt })
      .commits('p', 't1', { attempt, outcome: 'retried' });
  const begun = (): MadeHistory => retried(new MadeHistory().adds('q', 't1'));
  const second = (history: MadeHistory): MadeHistory => history.runs('q', 't1', 'a', { attempt: 2 });

  it.each(ways)('judges the next one by its own starts: %s', async (_, type, fields) => {
    const again = (): MadeHistory => begun().says('q', type, fields).runs('q', 't2').adds('q', 't1');
    expect(await said(second(retried(again())).histories)).toEqual([]);
    expect(await said(second(retried(again()).runs('q', 't2', 'a', { attempt: 2 })).histories)).toEqual(
      between,
    );
  });

  it.each(ways)('also where it started once more before it was: %s', async (_, type, fields) => {
    const late = retried(begun().says('q', type, fields), 2);
    const { histories } = second(retried(late.adds('q', 't1').runs('q', 't2')));
    expect(await said(histories)).toEqual([]);
  });

  it.each(ways)('does not know when it joined the order: %s', async (_, type, fields) => {
    const waiting = new MadeHistory().adds('q', 't1').says('q', type, fields);
    const behind = waiting.adds('q', 't2').adds('q', 't1').runs('q', 't2').runs('q', 't1');
    expect(await said(behind.histories)).toEqual([]);
    // It was running: what is added comes to it.
    const running = new MadeHistory().adds('q', 't1').starts('p', 't1').says('q', type, fields);
    running.adds('q', 't2').adds('q', 't1').ends('p', 't1').commits('p', 't1', { outcome: 'retried' });
    expect(await said(second(running).runs('q', 't2').histories)).toEqual([]);
  });
});

describe('I2 of a task that was given new attempts', () => {
  const ended = (
    history: MadeHistory,
    attempt: number,
    outcome: 'failed' | 'retried' | 'given-back' | 'delayed',
  ) =>
    history
      .starts('p', 't1', 'a', { attempt })
      .ends('p', 't1', 'a', { attempt })
      .commits('p', 't1', { attempt, outcome });
  const requeued = (): MadeHistory =>
    ended(new MadeHistory().adds('q', 't1').adds('q', 't2'), 1, 'failed').says('q', 'task.requeued', {
      task: 't1',
    });
  const overtaken = (history: MadeHistory, attempt: number): HistoryRecord[][] =>
    history.runs('q', 't2').runs('q', 't1', 'a', { attempt }).histories;

  it.each([
    ['retried', between],
    ['given-back', between],
    ['delayed', []],
    ['failed', []],
  ] as const)('judges an attempt that is recorded as %s', async (outcome, expected) => {
    expect(await said(overtaken(ended(requeued(), 2, outcome), 3))).toEqual(expected);
  });

  it('judges no attempt without an outcome, and none with one of another task of its id', async () => {
    expect(await said(overtaken(requeued().starts('p', 't1', 'a', { attempt: 2 }), 3))).toEqual([]);
    expect(await said(overtaken(ended(requeued(), 2, 'retried'), 4))).toEqual([]);
    const removed = ended(requeued(), 2, 'retried').says('q', 'task.removed', { task: 't1' }).adds('q', 't1');
    expect(await said(overtaken(removed.starts('p', 't1', 'a', { attempt: 2 }), 3))).toEqual([]);
  });
});

describe('I2 of a task in retry order "skip"', () => {
  const attempt = { task: 't1', worker: 'p-1', attempt: 1 };
  const begun = (): MadeHistory =>
    new MadeHistory(['p', 'q'], { retryOrder: 'skip' }).adds('q', 't1').adds('q', 't2').starts('p', 't1');
  const overtaken = (history: MadeHistory): HistoryRecord[][] =>
    history.runs('q', 't2').runs('q', 't1', 'a', { attempt: 2 }).histories;

  it('goes by whether it was about to leave, as that of any other one', async () => {
    const left = begun().says('p', 'task.leaving', attempt).commits('p', 't1', { outcome: 'delayed' });
    expect(await said(overtaken(left))).toEqual([]);
    const kill = { kind: 'kill', target: 'p' } as const;
    expect(await said(overtaken(begun().says('q', 'fault', kill)))).toEqual(between);
    const givenBack = begun().commits('p', 't1', { outcome: 'given-back' });
    expect(await said(overtaken(givenBack))).toEqual(between);
  });
});

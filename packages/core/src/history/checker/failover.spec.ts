import { describe, expect, it } from '@jest/globals';
import { bounds, MadeHistory, witnessOf } from '../../../test/support/history/a-history.js';
import type { RecordFields } from '../records.js';
import { checkHistory } from './check-history.js';
import { Circumstances } from './circumstances.js';
import { describeReport } from './describe-report.js';
import type { HistoryReport } from './report.js';

const checked = ({ histories }: MadeHistory): Promise<HistoryReport> => checkHistory({ histories });
const violations = async (history: MadeHistory): Promise<string[][]> =>
  (await checked(history)).violations.map(({ invariant, evidence }) => [
    invariant,
    ...evidence.map((one) => ('type' in one ? one.type : one.witness)),
  ]);
const undecided = async (history: MadeHistory): Promise<string[]> =>
  (await checked(history)).undecided.flatMap(({ invariant, reason }) => (invariant === 'I8' ? [reason] : []));

/** Everybody has stood for election for long: the leases are a second, so that 3.5 s after a fault nothing is left of it. */
const standing = (processes = ['p', 'q', 'r']): MadeHistory => new MadeHistory(processes).after(60_000);
const leads = (history: MadeHistory, process: string, epoch: string): MadeHistory =>
  history
    .leads(process, epoch)
    .says(process, 'leader.acted', { node: process, epoch, sentAt: 0, script: 'dispatch', bound: 0 });
const takesOver = (history: MadeHistory): MadeHistory => leads(history, 'q', '2');
const meets = (history: MadeHistory, fault: RecordFields['fault']): MadeHistory =>
  history.says('r', 'fault', fault);
const dies = (history: MadeHistory, target: string): MadeHistory => meets(history, { kind: 'kill', target });
const led = (): MadeHistory => leads(standing(), 'p', '1').after(10_000);
const resigned = (history: MadeHistory): MadeHistory =>
  history.says('p', 'leadership.lost', { node: 'p', epoch: '1', reason: 'resigned' });

const late = [['I8', 'leadership.gained', 'fault', 'leader.acted']];
const lateResignation = [['I8', 'leadership.lost', 'leadership.gained']];

describe('I8 is violated by', () => {
  it('a crashed leader after which the next one dispatches late', async () => {
    expect(await violations(takesOver(dies(led(), 'p').after(1_400)))).toEqual([]);
    expect(await violations(takesOver(dies(led(), 'p').after(1_600)))).toEqual(late);
  });

  it('one that takes over in time, and does not dispatch', async () => {
    const idle = dies(led(), 'p').after(1_000).leads('q', '2').after(5_000).says('q', 'drained', {});
    expect(await violations(idle)).toEqual([['I8', 'leadership.gained', 'fault']]);
  });

  it('a resignation that is followed late', async () => {
    expect(await violations(takesOver(resigned(led()).after(150)))).toEqual([]);
    expect(await violations(takesOver(resigned(led()).after(250)))).toEqual(lateResignation);
  });

  it('not between machines, whose clocks may differ by more than that', async () => {
    const machines = new MadeHistory(['p', 'q', 'r'], {}, (process) => process).after(60_000);
    const died = dies(leads(machines, 'p', '1').after(10_000), 'p').after(1_600);
    expect(await violations(takesOver(died))).toEqual([]);
    expect(await undecided(died)).toEqual(['the processes have no clock in common']);
    // That nobody ever takes over needs no clock.
    const alone = new MadeHistory(['p', 'q', 'r'], {}, (process) => process).after(60_000);
    const idle = dies(leads(alone, 'p', '1').after(10_000), 'p')
      .after(9_000)
      .says('q', 'drained', {});
    expect(await violations(idle)).toEqual([['I8', 'leadership.gained', 'fault']]);
  });

  it('not by one of which the next leader heard first', async () => {
    const before = resigned(takesOver(led()));
    expect(await violations(leads(before.after(20_000), 'r', '3'))).toEqual([]);
  });

  it('a dead worker that is recovered late', async () => {
    const died = (): MadeHistory => dies(standing().adds('p', 't1').starts('p', 't1'), 'p');
    const recovered = (history: MadeHistory): MadeHistory =>
      history.says('q', 'worker.recovered', { worker: 'p-1', epoch: '1', sentAt: 0, count: 1 });
    expect(await violations(recovered(died().after(1_900)))).toEqual([]);
    expect(await violations(recovered(died().after(2_100)))).toEqual([
      ['I8', 'task.started', 'fault', 'worker.recovered'],
    ]);
  });

  it('not by one that had retired, and did not live to write it down', async () => {
    const died = dies(standing().adds('p', 't1').starts('p', 't1'), 'p').after(9_000);
    const { histories } = died.says('q', 'drained', {});
    const witness = witnessOf(['retired', { worker: 'p-1' }]);
    const ofI8 = ({ violations: all }: HistoryReport) => all.filter(({ invariant }) => invariant === 'I8');
    expect(ofI8(await checkHistory({ histories, witness: witnessOf() }))).toHaveLength(1);
    expect(ofI8(await checkHistory({ histories, witness }))).toEqual([]);
    // Nobody else knows.
    expect(ofI8(await checkHistory({ histories }))).toEqual([]);
    expect(await undecided(died)).toEqual([
      'nobody recovered a worker, which may have retired: there is no witness stream',
    ]);
  });
});

describe('I8 is not excused by', () => {
  /** A worker dies; `q` leads for a minute, twice as long as I8 allows, and gives nothing back. */
  const leadsOn = (does: (history: MadeHistory) => MadeHistory): MadeHistory => {
    const longLease = { lockTtlMs: 5_000, heartbeatTimeoutMs: 30_000 };
    const history = leads(new MadeHistory(['p', 'q'], longLease).after(600_000), 'q', '1').after(10_000);
    history.adds('p', 't1').starts('p', 't1').says('q', 'fault', { kind: 'kill', target: 'p' });
    for (let i = 0; i < 30; i += 1) does(history.after(1_999));
    return history.says('q', 'process.closed', {});
  };
  const ofLeader = { node: 'q', epoch: '1', sentAt: 0 };

  it.each<[string, (history: MadeHistory) => MadeHistory, string[][]]>([
    ['renews', (all) => all.says('q', 'leadership.renewed', ofLeader), [['I8', 'task.started', 'fault']]],
    [
      'dispatches',
      (all) => all.says('q', 'leader.acted', { ...ofLeader, script: 'dispatch', bound: 1 }),
      [['I8', 'task.started', 'fault']],
    ],
    [
      'recovers others',
      (all) => all.says('q', 'worker.recovered', { ...ofLeader, worker: 'r-1', count: 0 }),
      [['I8', 'task.started', 'fault']],
    ],
    ['writes nothing of a leader', (all) => all.says('q', 'task.removed', { task: 't2' }), []],
  ])('a close right after it of a leader that %s until then', async (_, does, expected) => {
    const { histories } = leadsOn(does);
    const report = await checkHistory({ histories, witness: witnessOf() });
    const ofI8 = report.violations.filter(({ invariant }) => invariant === 'I8');
    expect(
      ofI8.map(({ invariant, evidence }) => [invariant, ...evidence.map((one) => 'type' in one && one.type)]),
    ).toEqual(expected);
  });

  it.each<[string, RecordFields['fault']]>([
    ['a kill a minute earlier', { kind: 'kill', target: 'r' }],
    ['a connection that was cut a minute earlier', { kind: 'cut', target: 'q' }],
    ['a frozen Redis a minute earlier', { kind: 'redis-freeze', target: 'redis', durationMs: 900 }],
  ])('%s', async (_, fault) => {
    const history = meets(standing(), fault).after(60_000);
    expect(await violations(takesOver(dies(leads(history, 'p', '1'), 'p').after(30_000)))).toEqual(late);
  });

  it('the SIGTERM by which its leader resigned', async () => {
    const told = resigned(meets(led(), { kind: 'terminate', target: 'p' }));
    expect(await violations(takesOver(told.after(20_000)))).toEqual(lateResignation);
  });

  it('another one that has stopped since', async () => {
    const told = meets(led(), { kind: 'terminate', target: 'r' }).says('r', 'process.closed', {});
    expect(await violations(takesOver(resigned(told).after(20_000)))).toEqual(lateResignation);
  });
});

describe('I8 is not decided', () => {
  const together = ['several faults came together'];

  it.each<[string, RecordFields['fault'], number]>([
    ['one that goes on', { kind: 'freeze', target: 'redis', durationMs: 900 }, 500],
    ['one whose consequences go on', { kind: 'freeze', target: 'redis', durationMs: 900 }, 4_000],
    ['a kill of which not everything is over', { kind: 'kill', target: 'r' }, 3_000],
    ['one for good', { kind: 'black-hole', target: 'r' }, 60_000],
    ['the stop of another process, which takes long', { kind: 'terminate', target: 'r' }, 20_000],
  ])('beside %s', async (_, fault, afterMs) => {
    const history = dies(meets(led(), fault).after(afterMs), 'p').after(2_000);
    const closed = takesOver(history).says('r', 'process.closed', {});
    expect([await violations(closed), await undecided(closed)]).toEqual([[], together]);
  });

  it('beside one that comes right after it', async () => {
    const history = meets(dies(led(), 'p').after(500), { kind: 'cut', target: 'q' });
    expect(await undecided(takesOver(history.after(2_000)))).toEqual(together);
  });

  const nobody = ['nobody was there to take over'];

  it('where nobody is left', async () => {
    const alone = leads(standing(['p', 'q']), 'p', '1').after(10_000);
    const history = alone.says('q', 'fault', { kind: 'kill', target: 'p' }).says('q', 'process.closed', {});
    expect(await undecided(history.after(5_000).says('q', 'drained', {}))).toEqual(nobody);
  });

  it('where everybody stops', async () => {
    const stopping = resigned(led())
      .after(900)
      .says('q', 'process.closed', {})
      .says('r', 'process.closed', {});
    expect(await undecided(stopping.says('p', 'process.closed', {}))).toEqual(nobody);
  });

  it('where whoever is there may still be about to start', async () => {
    const young = (): MadeHistory => leads(new MadeHistory(['p', 'q']).after(2_000), 'p', '1');
    const late = (history: MadeHistory): MadeHistory =>
      takesOver(history.says('q', 'fault', { kind: 'kill', target: 'p' }).after(5_000));
    expect(await undecided(late(young()))).toEqual(nobody);
    expect(await violations(late(young().adds('p', 't1').runs('q', 't1')))).toHaveLength(1);
  });
});

describe('how many failures I8 has judged', () => {
  it('is told beside what it found', async () => {
    const inTime = await checked(takesOver(dies(led(), 'p').after(1_400)));
    expect(inTime.failovers).toEqual({ inTime: 1, late: 0, excused: 0 });
    const tooLate = await checked(takesOver(dies(led(), 'p').after(1_600)));
    expect(tooLate.failovers).toEqual({ inTime: 0, late: 1, excused: 0 });
    const stalled = meets(led(), { kind: 'block', target: 'r', durationMs: 300, agoMs: 300 });
    const excused = await checked(takesOver(dies(stalled.after(3_000), 'p').after(20_000)));
    expect(excused.failovers).toEqual({ inTime: 0, late: 0, excused: 1 });
    expect(describeReport(excused)).toContain('I8: holds (0 failures in time, 0 late, 1 excused)');
  });

  it('has those of which the history does not tell the end', async () => {
    const open = await checked(dies(led(), 'p').after(1_000).says('q', 'drained', {}));
    expect(open.failovers).toEqual({ inTime: 0, late: 0, excused: 1 });
    expect(open.undecided.map(({ reason }) => reason)).toContain('the history ends before the time is over');
  });
});

describe('the circumstances of a queue', () => {
  it('are not those of another one in the same process', () => {
    const history = new MadeHistory(['p', 'q']);
    const producer = { ...bounds, node: 'q', role: 'PRODUCER' };
    const records = history.after(60_000).says('q', 'drained', {}).histories.flat();
    const { at } = records.at(-1)!;
    const other = { n: 9, process: 'q', at: 2_000, wall: 2, queue: 'other', type: 'queue.opened' } as const;
    const both = [...records, { ...other, ...producer }].sort((one, next) => one.at - next.at);
    const ofQueue = (queue: string) =>
      Circumstances.of(both, { queue }).candidates(at - 1_000_000, at - 1, 'p');
    expect([ofQueue('queue'), ofQueue('other')]).toEqual([['q'], []]);
    expect(() => Circumstances.of(both)).toThrow('name one');
  });
});

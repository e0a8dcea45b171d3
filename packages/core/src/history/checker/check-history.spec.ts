import { describe, expect, it } from '@jest/globals';
import { MadeHistory, witnessOf, type Written } from '../../../test/support/history/a-history.js';
import type { WitnessEntry } from '../witness.js';
import { checkHistory } from './check-history.js';
import { describeReport } from './describe-report.js';
import type { HistoryReport, Invariant } from './report.js';

const checked = ({ histories }: MadeHistory): Promise<HistoryReport> => checkHistory({ histories });

/** What was violated, and the types of the records that show it. */
function found({ violations }: HistoryReport): [Invariant, string[]][] {
  return violations.map(({ invariant, evidence }) => [
    invariant,
    evidence.map((one) => ('type' in one ? one.type : one.witness)),
  ]);
}

const reasons = (report: HistoryReport, invariant: Invariant): string[] =>
  report.undecided.filter((one) => one.invariant === invariant).map(({ reason }) => reason);

describe('a sound history', () => {
  it('has no violation, and says what it cannot decide', async () => {
    const history = new MadeHistory().adds('p', 't1').adds('q', 't2', 'b').adds('p', 't3');
    history.runs('p', 't1').runs('q', 't2', 'b').runs('p', 't3', 'a', { position: 2 });
    history.says('p', 'drained', {}).says('p', 'keys.left', { keys: ['bull:queue:meta', 'bull:queue:t1'] });
    const report = await checked(history);
    expect(report).toMatchObject({ ok: true, violations: [], overlaps: [], damage: [] });
    expect(report.counts).toMatchObject({ processes: 2, tasks: 3, starts: 3, commits: 3, faults: 0 });
    expect(report.undecided).toEqual([
      { invariant: 'I7', reason: 'there is no witness stream', count: 1, evidence: [] },
    ]);
    expect(describeReport(report)).toContain('I1: holds');
  });

  it('is about one queue', async () => {
    const { histories } = new MadeHistory(['p']).adds('p', 't1');
    const other = histories.map((records) =>
      records.map((record) => ({ ...record, process: 'q', queue: 'other' })),
    );
    const both = { histories: [...histories, ...other] };
    await expect(checkHistory(both)).rejects.toThrow('name one');
    expect((await checkHistory({ ...both, queue: 'queue' })).counts.tasks).toBe(1);
  });
});

describe('I1', () => {
  const overlapping = (): MadeHistory =>
    new MadeHistory().starts('p', 't1').after(100).starts('q', 't2').ends('q', 't2').ends('p', 't1');

  it('two handlers of a tag at the same time', async () => {
    const report = await checked(overlapping());
    expect(found(report)).toEqual([['I1', ['task.started', 'task.started']]]);
    expect(report.violations[0]?.evidence).toMatchObject([{ task: 't1' }, { task: 't2' }]);
    expect(describeReport(report)).toContain('t2 started while t1 ran');
  });

  it('a fault longer than the lease explains it', async () => {
    const history = new MadeHistory().starts('p', 't1');
    history.says('q', 'fault', { kind: 'freeze', target: 'p', durationMs: 3_000 });
    const report = await checked(history.after(1_500).starts('q', 't1', 'a', { attempt: 2 }).ends('p', 't1'));
    expect(report.violations).toEqual([]);
    expect(report.overlaps.map(({ evidence }) => evidence.length)).toEqual([3]);
  });

  it.each([
    ['too short', { kind: 'freeze', target: 'p', durationMs: 900 } as const, 950],
    // Of neither: not of the one whose handler went on, nor of the one that began.
    ['of another process', { kind: 'freeze', target: 'r', durationMs: 3_000 } as const, 1_500],
  ])('a fault %s does not', async (_, fault, afterMs) => {
    const history = new MadeHistory(['p', 'q', 'r']).starts('p', 't1').says('q', 'fault', fault);
    const report = await checked(
      history.after(afterMs).starts('q', 't1', 'a', { attempt: 2 }).ends('p', 't1'),
    );
    expect(found(report)).toEqual([['I1', ['task.started', 'task.started']]]);
  });

  it('so does one that the process noticed only afterwards', async () => {
    const history = new MadeHistory().starts('p', 't1').after(1_500).starts('q', 't1', 'a', { attempt: 2 });
    history
      .says('p', 'fault', { kind: 'block', target: 'p', durationMs: 1_450, agoMs: 1_450 })
      .ends('p', 't1');
    const report = await checked(history);
    expect(report.violations).toEqual([]);
    expect(report.overlaps).toHaveLength(1);
  });

  it('a killed process runs nothing', async () => {
    const history = new MadeHistory().starts('p', 't1').says('q', 'fault', { kind: 'kill', target: 'p' });
    const report = await checked(history.after(1_500).starts('q', 't1', 'a', { attempt: 2 }));
    expect(report).toMatchObject({ violations: [], overlaps: [] });
  });

  it('a process that ends without a word is not judged', async () => {
    const report = await checked(
      new MadeHistory().starts('p', 't1').after(9_000).starts('q', 't1', 'a', { attempt: 2 }),
    );
    expect(report.violations).toEqual([]);
    expect(reasons(report, 'I1')).toEqual(['the history of a process ends without saying why']);
  });

  /** Ends what it does, somebody else goes on, and it is killed before it has written down that it had ended. */
  const killedAfter = (ms: number, token = 1): MadeHistory =>
    new MadeHistory()
      .starts('p', 't1')
      .starts('q', 't2', 'a', { token })
      .after(ms)
      .says('q', 'fault', { kind: 'kill', target: 'p' })
      .ends('q', 't2');

  it('nor is one that was killed soon afterwards: what it did last it may not have written down', async () => {
    const report = await checked(killedAfter(900));
    expect(report).toMatchObject({ violations: [], overlaps: [] });
    expect(reasons(report, 'I1')).toEqual(['a process was killed before it wrote down what it did last']);
    expect(report.undecided.find(({ invariant }) => invariant === 'I1')?.evidence).toMatchObject([
      { task: 't1' },
      { task: 't2' },
      { type: 'fault', kind: 'kill', target: 'p' },
    ]);
  });

  it('nor one that stood still from then until it was killed', async () => {
    const history = new MadeHistory().starts('p', 't1').starts('q', 't2');
    history.after(5).says('q', 'fault', { kind: 'freeze', target: 'p', durationMs: 3_000 });
    history.after(2_000).says('q', 'fault', { kind: 'kill', target: 'p' }).ends('q', 't2');
    const report = await checked(history);
    expect(report.violations).toEqual([]);
    expect(reasons(report, 'I1')).toEqual(['a process was killed before it wrote down what it did last']);
  });

  it.each([
    ['lived on for longer than a lease', killedAfter(1_100)],
    ['wrote something down afterwards', killedAfter(10).says('p', 'drained', {})],
  ])('but one that %s', async (_, history) => {
    const report = await checked(history);
    expect(found(report)).toEqual([['I1', ['task.started', 'task.started']]]);
  });

  const bound = (worker: string, fence: string) =>
    ['bound', { tag: 'a', worker, fence, size: '1', ahead: '0', leader: 'l:1' }] as const;
  const taken = (id: string, worker: string, fence: string) =>
    ['taken', { id, worker, tag: 'a', attempt: '1', fence }] as const;
  const ended = ['ended', { id: 't1', worker: 'p-1', attempt: '1', outcome: 'completed' }] as const;
  const released = ['released', { tag: 'a', worker: 'p-1' }] as const;
  const indexed = (id: string) => ['indexed', { id, tag: 'a', seq: '1' }] as const;
  const runsFirst = (fence: string) =>
    [indexed('t1'), bound('p-1', fence), taken('t1', 'p-1', fence)] as const;
  const witnessed = (...written: readonly Written[]): WitnessEntry[] =>
    witnessOf(
      ['elected', { leader: 'l:1' }],
      ['registered', { worker: 'p-1', node: 'p' }],
      ['registered', { worker: 'q-1', node: 'q' }],
      ...written,
      indexed('t2'),
      bound('q-1', '2'),
      taken('t2', 'q-1', '2'),
    );
  const recovered = ['recovered', { worker: 'p-1', leader: 'l:1' }] as const;
  const gone = ['gone', { id: 't1' }] as const;
  /** An earlier task of that id is none of it: it was taken under another token. */
  const another = [...runsFirst('0'), ended, released] as const;
  const killedTooSoon = 'a process was killed before it wrote down what it did last';

  it.each<[string, WitnessEntry[], string[]]>([
    ['had ended before', witnessed(...runsFirst('1'), ended, released), []],
    ['had not ended', witnessed(...runsFirst('1'), recovered, gone), [killedTooSoon]],
    [
      'had ended under another token',
      witnessed(...another, ...runsFirst('1'), recovered, gone),
      [killedTooSoon],
    ],
  ])('the witness knows whether what a killed process ran %s', async (_, witness, undecided) => {
    const { histories } = killedAfter(10, 2);
    const report = await checkHistory({ histories, witness });
    expect(found(report)).toEqual([]);
    expect(reasons(report, 'I1')).toEqual(undecided);
    expect(report.overlaps).toEqual([]);
  });

  it('and what it says of one that ended after is a violation of its own', async () => {
    const { histories } = killedAfter(10, 2);
    const witness = [...witnessed(...runsFirst('1'), recovered, gone), ...witnessOf(ended)];
    const report = await checkHistory({ histories, witness });
    expect(report.violations.map(({ invariant }) => invariant)).toEqual(['I4']);
    expect(reasons(report, 'I1')).toEqual([killedTooSoon]);
  });

  it('nor are processes without a clock in common', async () => {
    const history = new MadeHistory(['p', 'q'], {}, (process) => process);
    const report = await checked(history.starts('p', 't1').starts('q', 't2').ends('p', 't1'));
    expect(report.violations).toEqual([]);
    expect(reasons(report, 'I1')).toEqual(['the two processes have no clock in common']);
  });

  it('a tag may have several owners where the options say so', async () => {
    const report = await checked(
      new MadeHistory(['p', 'q'], { tagConcurrency: { a: 2 } })
        .starts('p', 't1')
        .starts('q', 't2')
        .ends('p', 't1'),
    );
    expect(report.ok).toBe(true);
  });
});

describe('I2', () => {
  it('a task that starts before one that was added before it', async () => {
    const report = await checked(
      new MadeHistory().adds('p', 't1').adds('q', 't2').runs('p', 't2').runs('p', 't1'),
    );
    expect(found(report)).toEqual([
      ['I2', ['add.acknowledged', 'add.invoked', 'task.started', 'task.started']],
    ]);
  });

  it('tasks that were added at the same time have no order', async () => {
    const history = new MadeHistory()
      .says('p', 'add.invoked', { call: '1', task: 't1', tag: 'a' })
      .adds('q', 't2');
    history.says('p', 'add.acknowledged', { call: '1', task: 't1' });
    expect((await checked(history.runs('p', 't2').runs('p', 't1'))).ok).toBe(true);
  });

  it('a deduplicated add says nothing about the order of the task that was there before it', async () => {
    const history = new MadeHistory().says('p', 'add.invoked', { call: '1', tag: 'a' }).adds('p', 't2');
    // The first call never returned; the one of another process came to its task.
    history.says('q', 'add.invoked', { call: '1', tag: 'b', deduplicated: true });
    history.says('q', 'add.acknowledged', { call: '1', task: 't1' });
    expect((await checked(history.runs('p', 't1').runs('p', 't2'))).violations).toEqual([]);
  });

  it('but that the task was there when it returned', async () => {
    const history = new MadeHistory().says('p', 'add.invoked', { call: '1', tag: 'a', deduplicated: true });
    history.says('p', 'add.acknowledged', { call: '1', task: 't1' }).adds('p', 't2');
    expect(
      found(await checked(history.runs('p', 't2').runs('p', 't1'))).map(([invariant]) => invariant),
    ).toEqual(['I2']);
  });

  /** A task starts, and starts again after another one of its tag; `between` is what is known of its first attempt. */
  const overtaken = (between: (history: MadeHistory) => MadeHistory): MadeHistory =>
    between(new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1'))
      .runs('q', 't2')
      .starts('q', 't1', 'a', { attempt: 2 });
  const leaving = (history: MadeHistory): MadeHistory =>
    history.says('p', 'task.leaving', { task: 't1', worker: 'p-1', attempt: 1 });
  const killed = (history: MadeHistory): MadeHistory =>
    history.says('q', 'fault', { kind: 'kill', target: 'p' });
  const refused = { task: 't1', worker: 'p-1', attempt: 1, outcome: 'delayed', error: '-7' } as const;
  const wasLeaving = 'a task was about to leave its order, and nobody wrote down whether it did';

  it('is not decided for one that was about to leave its order when its process was killed', async () => {
    const report = await checked(overtaken((history) => killed(leaving(history.ends('p', 't1')))));
    expect(report.violations).toEqual([]);
    expect(reasons(report, 'I2')).toEqual([wasLeaving]);
  });

  it.each([
    ['was killed as it ran it', (history: MadeHistory) => killed(history)],
    ['was killed after it', (history: MadeHistory) => killed(history.ends('p', 't1'))],
    [
      'was refused what it asked for',
      (history: MadeHistory) => killed(leaving(history).says('p', 'outcome.refused', refused)),
    ],
    [
      'put it back in the end',
      (history: MadeHistory) => killed(leaving(history).commits('p', 't1', { outcome: 'retried' })),
    ],
  ])('but for one whose worker %s', async (_, between) => {
    const i2 = (await checked(overtaken(between))).violations.filter(({ invariant }) => invariant === 'I2');
    expect(i2.map(({ message }) => message)).toEqual(['tag a: t2 started between two attempts of t1']);
  });

  it.each([
    ['has left', 'delayed', []],
    ['has not', 'retried', ['tag a: t2 started between two attempts of t1']],
  ])('the witness knows whether such a task %s', async (_, outcome, messages) => {
    const { histories } = overtaken((history) => killed(leaving(history)));
    const witness = witnessOf(['ended', { id: 't1', worker: 'p-1', attempt: '1', outcome }]);
    const { violations, undecided } = await checkHistory({ histories, witness });
    const ofOrder = violations.filter(({ evidence }) => evidence.length === 3);
    expect(ofOrder.map(({ message }) => message)).toEqual(messages);
    expect(undecided.map(({ reason }) => reason)).not.toContain(wasLeaving);
  });

  it('but is for one that such a task overtook: it may have left, and then it was behind', async () => {
    const history = leaving(new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1'));
    killed(history).starts('q', 't2').starts('q', 't1', 'a', { attempt: 2 });
    const report = await checked(history.starts('q', 't2', 'a', { attempt: 2 }));
    expect(reasons(report, 'I2')).toEqual([wasLeaving]);
    const i2 = report.violations.filter(({ invariant }) => invariant === 'I2');
    expect(i2.map(({ message }) => message)).toEqual(['tag a: t1 started between two attempts of t2']);
  });

  it.each([
    ['its first attempt was delayed', {}, 'delayed', 2],
    ['whoever added it delayed it', { delayMs: 5 }, 'retried', 1],
  ] as const)('one that has joined the order again: %s', async (_, options, outcome, attempt) => {
    const history = new MadeHistory().adds('p', 't1', 'a', options).adds('p', 't2').starts('p', 't1');
    history.ends('p', 't1').commits('p', 't1', { outcome });
    if (attempt === 2)
      history.starts('p', 't1', 'a', { attempt }).commits('p', 't1', { attempt, outcome: 'retried' });
    history.runs('q', 't2').runs('p', 't1', 'a', { attempt: attempt + 1 });
    const i2 = (await checked(history)).violations.filter(({ invariant }) => invariant === 'I2');
    expect(i2.map(({ message }) => message)).toEqual(['tag a: t2 started between two attempts of t1']);
  });

  it('a first start in retry order "skip": it is the later ones that leave', async () => {
    const skip = { retryOrder: 'skip' };
    const history = new MadeHistory().adds('p', 't1', 'a', skip).adds('p', 't2', 'a', skip);
    expect((await checked(history.runs('p', 't2').runs('p', 't1'))).violations).toHaveLength(1);
  });

  it('not one that had ended: that it ends twice says I4', async () => {
    const history = new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1').ends('p', 't1');
    history.commits('p', 't1', { outcome: 'failed' }).runs('p', 't2').runs('p', 't1', 'a', { attempt: 2 });
    expect(found(await checked(history)).map(([invariant]) => invariant)).toEqual(['I4']);
  });

  it('a task that starts between two attempts of another one', async () => {
    const history = new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1').ends('p', 't1');
    history.commits('p', 't1', { outcome: 'retried' }).runs('p', 't2').runs('p', 't1', 'a', { attempt: 2 });
    expect(found(await checked(history))).toEqual([['I2', ['task.started', 'task.started', 'task.started']]]);
  });

  it.each(['delayed', 'skip', 'requeued'])('not one that has left the order: %s', async (how) => {
    const history = new MadeHistory().adds('p', 't1', 'a', how === 'skip' ? { retryOrder: 'skip' } : {});
    history.adds('p', 't2').starts('p', 't1').ends('p', 't1');
    history.commits('p', 't1', { outcome: how === 'delayed' ? 'delayed' : 'failed' });
    if (how === 'requeued') history.says('p', 'task.requeued', { task: 't1' });
    history.runs('p', 't2').runs('p', 't1', 'a', { attempt: 2 });
    const report = await checked(history);
    expect(report.violations.filter(({ invariant }) => invariant === 'I2')).toEqual([]);
  });

  it.each([
    ['delayed', 0],
    ['retried', 1],
  ])('by the word of the witness where who ran it died before it could write: %s', async (outcome, count) => {
    const history = new MadeHistory().adds('p', 't1').adds('p', 't2').starts('p', 't1');
    const { histories } = history.runs('q', 't2').runs('q', 't1', 'a', { attempt: 2 });
    const ended = { id: 't1', worker: 'w', attempt: '1', outcome };
    const { violations } = await checkHistory({ histories, witness: witnessOf(['ended', ended]) });
    expect(violations.filter(({ message }) => message.includes('between two attempts'))).toHaveLength(count);
  });
});

describe('I3', () => {
  it('an acknowledged task without an end', async () => {
    const report = await checked(
      new MadeHistory().adds('p', 't1').adds('p', 't2').runs('p', 't2').says('p', 'drained', {}),
    );
    expect(found(report)).toEqual([['I3', ['add.acknowledged', 'drained']]]);
  });

  it.each([
    ['it was removed', (history: MadeHistory) => history.says('q', 'task.removed', { task: 't1' })],
    ['its tag was purged', (history: MadeHistory) => history.says('q', 'tag.purged', { tag: 'a' })],
    [
      'Redis has its end',
      (history: MadeHistory) => history.says('q', 'task.seen', { task: 't1', state: 'completed' }),
    ],
  ])('but not where %s', async (_, happens) => {
    const history = happens(new MadeHistory().adds('p', 't1'));
    expect((await checked(history.says('p', 'drained', {}))).ok).toBe(true);
  });

  it('Redis is asked where the last process died', async () => {
    const lost = (): MadeHistory => new MadeHistory().adds('p', 't1').starts('p', 't1');
    const report = await checked(lost().says('q', 'drained', {}));
    expect(reasons(report, 'I3')).toEqual(['the process that ran it last may not have recorded its outcome']);
    const seen = lost().says('q', 'task.seen', { task: 't1', state: 'unknown' }).says('q', 'drained', {});
    expect(found(await checked(seen))).toEqual([
      ['I3', ['add.acknowledged', 'task.started', 'task.seen', 'drained']],
    ]);
  });

  it('nothing is decided before the end, nor after a loss of Redis data', async () => {
    expect(reasons(await checked(new MadeHistory().adds('p', 't1')), 'I3')).toHaveLength(1);
    const history = new MadeHistory()
      .adds('p', 't1')
      .says('q', 'fault', { kind: 'promote', target: 'redis' });
    const report = await checked(history.says('q', 'drained', {}));
    expect(report.ok).toBe(true);
    expect(reasons(report, 'I3')).toEqual(['Redis went back to an earlier state of its data']);
  });
});

describe('I4', () => {
  it('two accepted outcomes of one attempt', async () => {
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1').starts('q', 't1').ends('q', 't1');
    expect(found(await checked(history.commits('q', 't1')))).toContainEqual([
      'I4',
      ['outcome.committed', 'outcome.committed'],
    ]);
  });

  it('but not where Redis went back between the two', async () => {
    const loss = { kind: 'power-loss', target: 'redis' } as const;
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1').says('q', 'fault', loss);
    const report = await checked(history.starts('q', 't1').ends('q', 't1').commits('q', 't1'));
    expect(found(report)).toEqual([]);
    expect(reasons(report, 'I4')).toContain('Redis went back to an earlier state of its data');
  });

  it('a task that ends twice', async () => {
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1').runs('q', 't1', 'a', { attempt: 2 });
    expect(found(await checked(history))).toEqual([['I4', ['outcome.committed', 'outcome.committed']]]);
  });

  it('an outcome that was sent twice is one', async () => {
    expect((await checked(new MadeHistory().adds('p', 't1').runs('p', 't1').commits('p', 't1'))).ok).toBe(
      true,
    );
  });

  it('a completion without a run', async () => {
    expect(found(await checked(new MadeHistory().adds('p', 't1').commits('p', 't1')))).toEqual([
      ['I4', ['outcome.committed']],
    ]);
  });
});

describe('I5', () => {
  const two = (): MadeHistory => new MadeHistory().leads('p', '9').after(1_100).leads('q', '10');
  const acted = { node: 'p', epoch: '9', script: 'dispatch', bound: 1 };

  it('an action of an older epoch that was sent after a newer one had begun', async () => {
    const report = await checked(
      two()
        .after(10)
        .says('p', 'leader.acted', { ...acted, sentAt: 9_000_000 }),
    );
    expect(found(report)).toEqual([['I5', ['leadership.gained', 'leader.acted']]]);
    expect(
      (
        await checked(
          two()
            .after(10)
            .says('p', 'leader.acted', { ...acted, sentAt: 5_000 }),
        )
      ).ok,
    ).toBe(true);
  });

  it('an epoch with two leaders', async () => {
    const report = await checked(two().leads('p', '10'));
    expect(found(report)).toEqual([['I5', ['leadership.gained', 'leadership.gained']]]);
  });

  it('a lock that is taken from a leader that has shown life', async () => {
    const renewed = (): MadeHistory =>
      new MadeHistory()
        .leads('p', '9')
        .after(1_000)
        .says('p', 'leadership.renewed', { node: 'p', epoch: '9', sentAt: 1_004_000 })
        .after(500);
    const livesOn = (history: MadeHistory): MadeHistory =>
      history.leads('q', '10').after(30).says('p', 'tag.purged', { tag: 'z' });
    expect(found(await checked(livesOn(renewed())))).toEqual([
      ['I5', ['leadership.renewed', 'leadership.gained']],
    ]);
    const hurt = renewed().says('q', 'fault', { kind: 'redis-kill', target: 'redis' });
    expect((await checked(livesOn(hurt))).ok).toBe(true);
    const lost = { node: 'p', epoch: '9' };
    for (const reason of ['resigned', 'stepped-down'] as const)
      expect((await checked(livesOn(renewed().says('p', 'leadership.lost', { ...lost, reason })))).ok).toBe(
        true,
      );
    // What Redis accepted was so before, however late its answer is; who stops leading says so first.
    for (const [reason, count] of [
      ['resigned', 0],
      ['stepped-down', 1],
      ['refused', 1],
    ] as const) {
      const later = livesOn(renewed())
        .after(5_000)
        .says('p', 'leadership.lost', { ...lost, reason });
      expect(found(await checked(later))).toHaveLength(count);
    }
  });

  it.each([
    [900, [], ['the leader before may have resigned and died before it wrote so']],
    [1_100, ['I5'], []],
  ])(
    'by the rule of what nobody lived to write down: a kill %d ms later',
    async (ms, violated, undecided) => {
      const history = new MadeHistory().leads('p', '9').after(500).leads('q', '10').after(ms);
      const report = await checked(history.says('q', 'fault', { kind: 'kill', target: 'p' }));
      expect(found(report).map(([invariant]) => invariant)).toEqual(violated);
      expect(reasons(report, 'I5')).toEqual(undecided);
    },
  );
});

describe('I6', () => {
  it('a place beyond the batch', async () => {
    const report = await checked(new MadeHistory().adds('p', 't1').runs('p', 't1', 'a', { position: 4 }));
    expect(found(report)).toEqual([['I6', ['task.started']]]);
  });

  it('more tasks under one token than a batch has', async () => {
    const history = new MadeHistory();
    for (let i = 1; i <= 4; i += 1) history.adds('p', `t${i}`);
    for (let i = 1; i <= 4; i += 1) history.runs('p', `t${i}`);
    expect(found(await checked(history))).toEqual([['I6', ['task.started']]]);
  });
});

describe('I9', () => {
  it('an id that is added again while it is there, and ends twice', async () => {
    const history = new MadeHistory().adds('p', 't1').adds('q', 't1').runs('p', 't1');
    expect(found(await checked(history.runs('q', 't1', 'a', { attempt: 2 })))).toEqual([
      ['I9', ['add.acknowledged', 'add.acknowledged', 'outcome.committed', 'outcome.committed']],
    ]);
  });

  it('is not decided for one that is added again after its end: it may not have been kept', async () => {
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1').adds('q', 't1');
    const report = await checked(history.runs('q', 't1', 'a', { attempt: 2 }));
    expect(report.violations).toEqual([]);
    expect(reasons(report, 'I9')).toEqual(['retention may have removed the task before it was added again']);
  });
});

describe('I10', () => {
  it('a key that should be gone', async () => {
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1');
    const keys = [
      'bull:queue:meta',
      'bull:queue:marker',
      'bull:queue:t1',
      'scheduler:queue:election:epoch',
      'bull:queue:aff:ring',
      'bull:queue:aff:call:Aaaaaaaaaaaaa:1700000000:7',
    ];
    const report = await checked(history.says('p', 'keys.left', { keys }));
    expect(report.violations.map(({ message }) => message)).toEqual(['bull:queue:aff:ring is left']);
  });

  it('not what is kept with a task that waited for others, but without the task', async () => {
    const history = new MadeHistory().adds('p', 't1').runs('p', 't1');
    const keys = ['bull:queue:failed', 'bull:queue:t1', 'bull:queue:t1:processed', 'bull:queue:t2:processed'];
    const report = await checked(history.says('p', 'keys.left', { keys }));
    expect(report.violations.map(({ message }) => message)).toEqual(['bull:queue:t2:processed is left']);
  });

  it('is not decided for a task whose process may not have lived to write down its end', async () => {
    const keys = ['bull:queue:t1', 'bull:queue:t1:logs', 'bull:queue:t2', 'bull:queue:t3'];
    const history = new MadeHistory().starts('p', 't1').starts('q', 't2', 'b');
    history.says('p', 'fault', { kind: 'kill', target: 'p' }).says('q', 'process.closed', {});
    const all = history.says('p', 'keys.left', { keys });
    const report = await checked(all);
    expect(reasons(report, 'I10')).toEqual([
      'the process that ran it last may not have recorded its outcome',
    ]);
    expect(report.violations.map(({ message }) => message)).toEqual([
      'bull:queue:t2 is left',
      'bull:queue:t3 is left',
    ]);
    // The witness would have seen the end.
    const witnessed = await checkHistory({ histories: all.histories, witness: witnessOf() });
    expect(witnessed.violations.map(({ message }) => message)).toContain('bull:queue:t1 is left');
  });

  it('not a task that ended while nobody lived to write it down', async () => {
    const { histories } = new MadeHistory().says('p', 'keys.left', {
      keys: ['bull:queue:t1', 'bull:queue:t2'],
    });
    const ended = { id: 't1', worker: 'w', attempt: '1', outcome: 'completed' };
    const { violations } = await checkHistory({ histories, witness: witnessOf(['ended', ended]) });
    const keys = violations.filter(({ invariant }) => invariant === 'I10').map(({ message }) => message);
    expect(keys).toEqual(['bull:queue:t2 is left']);
  });

  it.each(['retried', 'delayed', 'given-back'] as const)(
    'what is left of a task whose last outcome is "%s": it has not ended',
    async (outcome) => {
      const keys = ['bull:queue:t1', 'bull:queue:t2', 'bull:queue:t3'];
      const history = new MadeHistory().starts('p', 't1').ends('p', 't1').commits('p', 't1', { outcome });
      history.says('q', 'task.seen', { task: 't2', state: 'waiting' }).says('p', 'process.closed', {});
      const { histories } = history.says('q', 'keys.left', { keys });
      const left = ['bull:queue:t1 is left', 'bull:queue:t2 is left', 'bull:queue:t3 is left'];
      const report = await checkHistory({ histories });
      expect(report.violations.map(({ message }) => message)).toEqual(left);

      const ended = { id: 't3', worker: 'w', attempt: '1', outcome };
      const witnessed = await checkHistory({ histories, witness: witnessOf(['ended', ended]) });
      expect(witnessed.violations.map(({ message }) => message)).toEqual(expect.arrayContaining(left));
    },
  );

  it('is not decided where nobody looked', async () => {
    expect(reasons(await checked(new MadeHistory()), 'I10')).toEqual([
      'nobody recorded which keys were left',
    ]);
  });
});

it('takes a long history as a stream', async () => {
  const each = 10_000;
  async function* long(): AsyncGenerator<(typeof first)[number]> {
    yield* first;
    const { process, queue } = first[0]!;
    for (let i = 0, n = first.length; i < each; i += 1) {
      const about = {
        process,
        wall: 0,
        queue,
        task: `t${i}`,
        tag: `a${i % 1_000}`,
        worker: 'p-1',
        attempt: 1,
      };
      const stamp = (): { n: number; at: number } => ({ n: ++n, at: 10_000 + n });
      yield { ...stamp(), ...about, type: 'add.invoked', call: `${i}` } as never;
      yield { ...stamp(), ...about, type: 'add.acknowledged', call: `${i}` } as never;
      yield { ...stamp(), ...about, type: 'task.started', token: i, position: 1 } as never;
      yield { ...stamp(), ...about, type: 'task.ended', result: 'returned', aborted: false } as never;
      yield { ...stamp(), ...about, type: 'outcome.committed', outcome: 'completed' } as never;
    }
  }
  const [first = []] = new MadeHistory(['p']).histories;
  const report = await checkHistory({ histories: [long()] });
  expect(report.counts).toMatchObject({ tasks: each, records: 5 * each + 2 });
  expect(report.ok).toBe(true);
});

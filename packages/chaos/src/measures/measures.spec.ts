import { describe, expect, it } from '@jest/globals';
import type { HistoryRecord } from 'nestjs-affinity-queue/history';
import { Timeline } from '../history/timeline.js';
import { stoodStill } from '../instance/stall-watch.js';
import { duplicatesByCause } from './duplicates.js';
import { failoverTimes as timesOf } from './failover.js';
import { declaredDead } from './declared-dead.js';
import { percentiles } from './percentiles.js';
import { standstills } from './standstill.js';

let n = 0;
const says = (ms: number, process: string, type: string, fields: object): HistoryRecord =>
  ({ n: (n += 1), process, at: ms * 1_000, wall: ms, type, ...fields }) as unknown as HistoryRecord;
const starts = (ms: number, process: string, task: string, attempt = 1, tag = 'a') =>
  says(ms, process, 'task.started', { task, worker: `${process}-1`, attempt, tag, position: 1 });
const ends = (ms: number, process: string, task: string, attempt = 1, tag = 'a') =>
  says(ms, process, 'task.ended', {
    task,
    worker: `${process}-1`,
    attempt,
    tag,
    result: 'returned',
    aborted: false,
  });
const gains = (ms: number, process: string, epoch: string) =>
  says(ms, process, 'leadership.gained', { node: process, epoch, sentAt: ms });
const dispatches = (ms: number, process: string, epoch: string, bound: number) =>
  says(ms, process, 'leader.acted', { node: process, epoch, sentAt: ms, script: 'dispatch', bound });
const fault = (ms: number, kind: string, target: string, durationMs?: number) =>
  says(ms, 'campaign', 'fault', { kind, target, ...(durationMs !== undefined && { durationMs }) });
/** Noted when it was over. */
const stall = (ms: number, process: string, agoMs: number) =>
  says(ms, process, 'fault', {
    ...{ kind: 'block', target: process, durationMs: agoMs, agoMs, detail: stoodStill },
  });

describe('failover times', () => {
  /** Long before anything happens `p`, `q` and `r` stand for election, with leases of a second; `r` to the end. */
  const failoverTimes = (records: readonly HistoryRecord[], ended: readonly string[] = []) => {
    const opened = ['p', 'q', 'r'].map((process) =>
      says(-60_000, process, 'queue.opened', {
        ...{ node: process, role: 'BOTH', lockTtlMs: 1_000, heartbeatTimeoutMs: 1_000, tagConcurrency: {} },
      }),
    );
    const timeline = new Timeline([...opened, ...records, says(60_000, 'r', 'process.closed', {})]);
    return timesOf(timeline, { attempts: new Set(ended) });
  };

  it('from the death of a leader to the next dispatch', () => {
    const records = [gains(0, 'p', '1'), fault(5_000, 'kill', 'p'), dispatches(6_000, 'q', '2', 3)];
    const times = failoverTimes([...records, dispatches(6_200, 'q', '2', 1)]);
    expect(times.leaderCrash).toEqual([1_000]);
  });

  it('not where the next leader has nothing to give', () => {
    const records = [gains(0, 'p', '1'), fault(5_000, 'kill', 'p'), dispatches(6_000, 'q', '2', 0)];
    const times = failoverTimes([...records, dispatches(7_200, 'q', '2', 3)]);
    expect(times.leaderCrash).toEqual([]);
  });

  it('not of two failures that come together', () => {
    const records = [gains(0, 'p', '1'), fault(4_000, 'freeze', 'q', 800), fault(5_000, 'kill', 'p')];
    const times = failoverTimes([...records, dispatches(6_200, 'q', '2', 3)]);
    expect(times.leaderCrash).toEqual([]);
  });

  it.each([
    ['a kill that is not over', 1_600, 'kill', []],
    ['a kill long before', 1_400, 'kill', [1_000]],
    ['a process that has stopped since', 4_000, 'terminate', [1_000]],
  ])('of two failures: %s', (_, ms, kind, times) => {
    const stopped = kind === 'terminate' ? [says(4_200, 'q', 'process.closed', {})] : [];
    const records = [gains(0, 'p', '1'), fault(ms, kind, 'q'), ...stopped, fault(5_000, 'kill', 'p')];
    expect(failoverTimes([...records, dispatches(6_000, 'r', '2', 3)]).leaderCrash).toEqual(times);
  });

  it('not where nobody else is left to lead', () => {
    const records = [gains(0, 'p', '1'), fault(100, 'kill', 'q'), fault(101, 'kill', 'r')];
    records.push(fault(5_000, 'kill', 'p'), dispatches(6_200, 's', '2', 3));
    expect(failoverTimes(records).leaderCrash).toEqual([]);
  });

  it('from the death of a worker to the next start of what it ran', () => {
    const records = [gains(0, 'l', '1'), starts(4_900, 'p', 't1'), ends(4_950, 'p', 't1')];
    records.push(starts(4_960, 'p', 't2'), fault(5_000, 'kill', 'p'), starts(6_500, 'q', 't2', 2));
    const times = failoverTimes(records);
    expect(times).toMatchObject({ leaderCrash: [], workerCrash: [1_500], leaderAndWorkerCrash: [] });
  });

  it('not where nobody is left to run it', () => {
    const leader = says(-60_000, 'l', 'queue.opened', {
      ...{ node: 'l', role: 'SCHEDULER', lockTtlMs: 1_000, heartbeatTimeoutMs: 1_000, tagConcurrency: {} },
    });
    const others = ['q', 'r'].map((process) => fault(100, 'kill', process));
    const records = [leader, ...others, starts(4_900, 'p', 't1'), fault(5_000, 'kill', 'p')];
    records.push(starts(9_000, 's', 't1', 2), says(60_000, 'l', 'process.closed', {}));
    expect(failoverTimes(records).workerCrash).toEqual([]);
  });

  it.each([
    ['that somebody had taken back before, and gave new attempts', 3, []],
    ['that was added again', 1, []],
    ['whose end Redis had accepted', 2, ['t2 1']],
  ])('not of a task %s', (_, attempt, ended) => {
    const records = [gains(0, 'l', '1'), starts(4_960, 'p', 't2'), fault(5_000, 'kill', 'p')];
    expect(failoverTimes([...records, starts(6_500, 'q', 't2', attempt)], ended).workerCrash).toEqual([]);
  });

  it('from a resignation to the next leader, who may hear of it first', () => {
    const lost = says(5_000, 'p', 'leadership.lost', { node: 'p', epoch: '1', reason: 'resigned' });
    const times = failoverTimes([gains(0, 'p', '1'), gains(4_999, 'q', '2'), lost]);
    expect(times.resignation).toEqual([0]);
  });
});

describe('duplicates', () => {
  it('have the cause that met the process', () => {
    const records = [
      starts(100, 'p', 't1'),
      fault(200, 'redis-freeze', 'redis', 100),
      fault(250, 'kill', 'p'),
    ];
    expect(duplicatesByCause(new Timeline([...records, starts(1_500, 'q', 't1', 2)]))).toEqual({ kill: 1 });
  });

  it('are no retries', () => {
    const retried = says(200, 'p', 'outcome.committed', {
      ...{ task: 't1', worker: 'p-1', attempt: 1, outcome: 'retried' },
    });
    expect(
      duplicatesByCause(new Timeline([starts(100, 'p', 't1'), retried, starts(300, 'q', 't1', 2)])),
    ).toEqual({});
  });

  it('are no tasks that are added once more under the id of one that completed', () => {
    const run = { task: 't1', worker: 'p-1', attempt: 1, token: 7 };
    const completed = says(200, 'p', 'outcome.committed', { ...run, outcome: 'completed' });
    const first = says(100, 'p', 'task.started', { ...run, tag: 'a', position: 1 });
    const again = says(900, 'q', 'task.started', { ...run, token: 9, tag: 'a', position: 1 });
    expect(duplicatesByCause(new Timeline([first, completed, again]))).toEqual({});
  });

  it('have the fault as their cause of which Redis has come back a moment ago', () => {
    const records = [fault(100, 'redis-kill', 'redis', 0), starts(1_800, 'p', 't1')];
    expect(duplicatesByCause(new Timeline([...records, starts(1_850, 'p', 't1', 2)]))).toEqual({
      'redis-kill': 1,
    });
  });

  it('without a cause are said to have none', () => {
    const records = [starts(100, 'p', 't1'), fault(200, 'kill', 'q'), starts(1_500, 'q', 't1', 2)];
    expect(duplicatesByCause(new Timeline(records))).toEqual({ unknown: 1 });
  });
});

describe('standstills', () => {
  it('are from the moment that a task could run to its start', () => {
    const added = (ms: number, task: string) => says(ms, 'p', 'add.acknowledged', { call: task, task });
    const records = [
      added(0, 't1'),
      added(1, 't2'),
      starts(50, 'p', 't1'),
      ends(500, 'p', 't1'),
      starts(520, 'p', 't2'),
    ];
    expect(standstills(new Timeline(records))).toEqual(new Map([['a', 50]]));
  });

  it.each([
    ['who had run its task before', 'p', 300],
    ['who leads', 'l', 300],
    ['who runs the next one', 'q', 300],
    ['nobody that it waited for', 'r', 1_400],
  ])('are less the time for which the machine stopped %s', (_, process, ms) => {
    const records = [gains(0, 'l', '1'), says(0, 'p', 'add.acknowledged', { call: 't2', task: 't2' })];
    records.push(starts(0, 'p', 't1'), ends(100, 'p', 't1'), stall(1_300, process, 1_100));
    records.push(starts(1_500, 'q', 't2'));
    expect(standstills(new Timeline(records))).toEqual(new Map([['a', ms]]));
  });

  it('are not, by what stood still at another time', () => {
    const records = [gains(0, 'l', '1'), says(0, 'p', 'add.acknowledged', { call: 't1', task: 't1' })];
    records.push(starts(1_500, 'p', 't1'), stall(3_000, 'p', 1_100));
    expect(standstills(new Timeline(records))).toEqual(new Map([['a', 1_500]]));
  });
});

describe('who lived and was declared dead', () => {
  const recovered = (ms: number, process: string) =>
    says(ms, 'l', 'worker.recovered', {
      ...{ worker: `${process}-1`, epoch: '1', sentAt: ms * 1_000, count: 0 },
    });
  const found = (...records: HistoryRecord[]) => declaredDead(new Timeline(records));
  const ofP = ['p-1 was declared dead and lived'];

  it('is each that was recovered', () => {
    expect(found(recovered(5_000, 'p'))).toEqual(ofP);
  });

  it('but for one that stood still just before', () => {
    expect(found(recovered(5_000, 'p'), stall(5_200, 'p', 1_100))).toEqual([]);
    expect(found(stall(4_500, 'p', 400), stall(4_900, 'p', 350), recovered(5_000, 'p'))).toEqual([]);
  });

  it.each([
    ['another one', stall(5_200, 'q', 1_100)],
    ['it at another time', stall(2_000, 'p', 1_100)],
    ['it for a moment', stall(4_900, 'p', 300)],
  ])('not where %s stood still', (_, one) => {
    expect(found(...[one, recovered(5_000, 'p')].sort((a, b) => a.at - b.at))).toEqual(ofP);
  });

  it('nor by what was done to it', () => {
    expect(found(fault(4_000, 'freeze', 'p', 900), stall(4_900, 'p', 900), recovered(5_000, 'p'))).toEqual(
      ofP,
    );
  });

  it('up to a moment', () => {
    expect(declaredDead(new Timeline([recovered(5_000, 'p')]), 4_000_000)).toEqual([]);
  });
});

describe('percentiles', () => {
  it('are values that were seen', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentiles(values)).toEqual({ count: 200, p50: 100, p99: 198, max: 200 });
    expect(percentiles([])).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import type { PeerName } from '../peers/names.js';
import { Figures } from '../statistics/figures.js';
import { aResult, aRun } from '../statistics/a-run.fixture.js';
import { bars } from './index.js';

const verdicts = (results: Parameters<typeof aRun>[0]) => {
  const figures = new Figures(aRun(results));
  return bars.flatMap(({ what, bar, judge }) => {
    const verdict = judge(figures);
    return verdict === undefined ? [] : [[what, bar, verdict] as const];
  });
};

const processRates = (rates: Partial<Record<PeerName, readonly number[]>>) =>
  aResult('process', 'tasksPerSecond', rates);

describe('bars', () => {
  it('judge nothing that was not measured', () => {
    expect(verdicts([])).toEqual([]);
  });

  it('compare medians, and pass at the limit', () => {
    const found = verdicts([
      processRates({ affinity: [1, 125, 900], groupmq: [100, 100, 100], bullmq: [90, 100, 110] }),
    ]);
    expect(found.map(([, bar, verdict]) => [bar, verdict.found, verdict.passed, verdict.aimReached])).toEqual(
      [
        ['≥ 1.25 × GroupMQ (aim: 1.5 ×)', '1.25 ×', true, false],
        ['≥ 1.6 × BullMQ (aim: 2 ×)', '1.25 ×', false, false],
      ],
    );
  });

  it('miss what rounds to the limit from below', () => {
    const [first] = verdicts([processRates({ affinity: [1.2499], groupmq: [1] })]);
    expect(first?.[2]).toMatchObject({ found: '1.25 ×', passed: false });
  });

  it('take the worst of all connection cases, and each other number than 3 as a miss', () => {
    const connections = (name: string, count: number) =>
      aResult(name, 'connections', { affinity: [count] }, 'connections');
    const judged = (count: number) =>
      verdicts([connections('connections-1w-1q', 3), connections('connections-100w-10q', count)])[0]?.[2]
        .passed;
    expect([judged(2), judged(3), judged(4)]).toEqual([true, true, false]);
  });

  it('ask every round of a fleet to be free of faults', () => {
    const fleet = (overlaps: number) => {
      const result = aResult('fleet-1x100', 'done', {});
      const values = { done: 60_000, overlaps: 0, disorder: 0, repeated: 0 };
      const samples = [values, { ...values, overlaps }, values].map((each, index) => ({
        round: index + 1,
        peer: 'affinity' as const,
        values: each,
      }));
      return verdicts([{ ...result, samples }])[0]?.[2].passed;
    };
    expect([fleet(0), fleet(1)]).toEqual([true, false]);
  });

  it('do not accept a scheduler load that was not reached', () => {
    const load = (reachedPerSecond: number) => {
      const result = aResult('scheduler-load', 'percentOfCore', {});
      const samples = [
        { round: 1, peer: 'affinity' as const, values: { percentOfCore: 5, reachedPerSecond } },
      ];
      return verdicts([{ ...result, samples }])[0]?.[2].passed;
    };
    expect([load(1_990), load(1_000)]).toEqual([true, false]);
  });
});

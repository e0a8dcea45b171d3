import { describe, expect, it } from '@jest/globals';
import { newChunk, type Chunk } from '../campaign/chunk.js';
import type { Machine } from '../campaign/machine.js';
import { reliabilityReport } from './reliability-report.js';

const machine: Machine = {
  ...{ processors: '2 × a processor', memoryGib: 4, system: 'Linux 6', node: 'v20', redis: '7' },
  ...{ library: '0.1.0', bullmq: '6.7.0' },
};

function chunk(more: Partial<Chunk>): Chunk {
  return { ...newChunk('random', 1, 0, machine), ...more };
}

describe('the report', () => {
  it('says so if there is nothing to report', () => {
    expect(reliabilityReport([])).toContain('No chunk');
  });

  it('adds up what the chunks found', () => {
    const one = chunk({ tasks: 700, violations: 1, faults: { kill: { happened: 3, hit: 2, counted: 1 } } });
    const other = chunk({ tasks: 400, faults: { kill: { happened: 1, hit: 1, counted: 1 } } });
    const lines = reliabilityReport([one, other])
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(lines).toContain('| tasks | 1,100 |');
    expect(lines).toContain('| faults that count | 2 |');
    expect(lines).toContain(
      '| **violations of an invariant** (what came of them: in the notes below the chunks) | 1 |',
    );
    expect(lines).toContain('| kill | 4 | 3 | 2 |');
  });

  it('counts the sequences of each kind apart', () => {
    const lines = reliabilityReport([
      chunk({ sequences: { invariants: 3_000, 'lock-step': 1_000 } }),
      chunk({ sequences: { 'lock-step': 500 } }),
      // As chunks of earlier versions have it.
      chunk({ sequences: 0 as never }),
    ])
      .split('\n')
      .filter((line) => line.startsWith('| sequences'))
      .map((line) => line.split('|')[2]?.trim());
    expect(lines).toEqual(['3,000', '0', '1,500']);
  });

  it('tells of the deepest search of the model, where there was one', () => {
    const figures = {
      leaders: 2,
      workers: 2,
      tags: 2,
      tasks: 3,
      states: 1_234,
      transitions: 5_678,
      seconds: 9,
    };
    const search = { ...figures, depth: 7, isComplete: false, violations: 3 };
    expect(reliabilityReport([chunk({})])).not.toContain('The search of the model');
    const text = reliabilityReport([chunk({ search }), chunk({ search: { ...search, depth: 6 } })]);
    const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines).toContain('| depth, in steps | 7 |');
    expect(lines).toContain('| transitions | 5,678 |');
    expect(lines).toContain('| violations | 3 |');
  });

  it('tells which mistakes were found, over all chunks', () => {
    const mistakes = { one: { episodes: 2, foundBy: [] }, other: { episodes: 1, foundBy: ['I2', 'I3'] } };
    const text = reliabilityReport([
      chunk({ mistakes: { other: { episodes: 2, foundBy: [] } } }),
      chunk({ mistakes }),
    ]);
    const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(text).toContain('found 1 of 2 mistakes');
    expect(lines).toContain('| one | not within these episodes | 2 |');
    expect(lines).toContain('| other | I2, I3 | 3 |');
    expect(reliabilityReport([chunk({})])).not.toContain('on purpose');
  });

  it('says which code the chunks ran on, and what there is to know about them', () => {
    const text = reliabilityReport([
      chunk({ startedAt: '2026-01-02T03:04:05Z', note: 'judged twice' }),
      ...['a1', 'a1', 'b2+'].map((commit) => chunk({ commit })),
    ]);
    expect(text).toContain('3 of the 4 chunks noted the commit, 2 different ones; 1 ran with changes');
    expect(text).toContain('- 2026-01-02 03:04, `random`: judged twice');
  });

  it('names the points that nothing led to', () => {
    const of = (more: Partial<Chunk>) => reliabilityReport([chunk({ experiment: 'every-step', ...more })]);
    expect(of({})).toContain('every planned point of `every-step` was hit');
    expect(of({ missed: ['worker, working: beat, before'] })).toContain(
      '- 1 × worker, working: beat, before',
    );
    const faults = { 'kill before a command': { happened: 3, hit: 1, counted: 1 } };
    expect(of({ faults })).toContain('- 2 points of the chunk of ');
    expect(reliabilityReport([chunk({ faults })])).toContain('No chunk of `every-step`');
  });

  it('does not name those that a later chunk reached as often as they were missed', () => {
    const [beat, take] = ['worker, working: beat, before', 'worker, working: takeTask, after'];
    const of = (startedAt: string, more: Partial<Chunk>): Chunk =>
      chunk({ experiment: 'every-step', startedAt, ...more });
    const missing = of('2026-01-02', { missed: [beat, take, take], reached: { [beat]: 5 } });
    const named = (...later: Chunk[]): string[] =>
      reliabilityReport([...later, missing])
        .split('\n')
        .filter((line) => line.includes(' × worker'));
    expect(named(of('2026-01-01', { reached: { [beat]: 9, [take]: 9 } }))).toEqual([
      `- 1 × ${beat}`,
      `- 2 × ${take}`,
    ]);
    expect(named(of('2026-01-03', { reached: { [beat]: 1, [take]: 1 } }))).toEqual([`- 1 × ${take}`]);
    expect(named(of('2026-01-03', { reached: { [beat]: 1, [take]: 2 } }))).toEqual([]);
  });

  it.each([
    [[1_200, 1_499], 'holds'],
    [[1_200, 1_501], '**missed**'],
  ])('holds %j ms after the crash of a leader against the bar: %s', (leaderCrash, verdict) => {
    const other = chunk({ experiment: 'every-step', samples: { leaderCrash: [9_000] } });
    const line = reliabilityReport([chunk({ experiment: 'failover', samples: { leaderCrash } }), other])
      .split('\n')
      .find((text) => text.includes('the leader is killed'));
    expect(line).toContain(verdict);
  });

  it('shows what other experiments found apart', () => {
    const other = chunk({ experiment: 'every-step', samples: { leaderCrash: [900, 1_100] } });
    const timed = chunk({ experiment: 'failover', samples: { leaderCrash: [1_000] } });
    const lines = reliabilityReport([timed, other])
      .split('\n')
      .filter((text) => text.includes('the leader is killed'))
      .map((text) => text.split('|').map((cell) => cell.trim()));
    expect(lines.map(([, , name, ...figures]) => [name, ...figures.filter(Boolean)])).toEqual([
      ['failover', 'lock TTL + 0.5 s (p99)', '1', '1000', '1000', '1000', 'holds'],
      ['every-step', '2', '900', '1100', '1100'],
    ]);
  });
});

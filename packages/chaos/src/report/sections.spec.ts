import { describe, expect, it } from '@jest/globals';
import { newChunk, type Chunk } from '../campaign/chunk.js';
import { soakSamples } from '../experiments/soak-samples.js';
import { reliabilityReport } from './reliability-report.js';

function chunk(more: Partial<Chunk>): Chunk {
  return { ...newChunk('random', 1, 0, {} as never), startedAt: '2026-01-02T03:04:05Z', ...more };
}

function linesOf(...args: Parameters<typeof reliabilityReport>): string[] {
  return reliabilityReport(...args)
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
}

describe('the report of every step', () => {
  const step = (part: 'producer' | 'worker', name: string) => ({ part, phase: 'working' as const, name });
  const censuses = new Map([[1, [step('producer', 'addTasks'), step('worker', 'beat')]]]);
  const faults = { 'kill before a command': { happened: 3, hit: 2, counted: 2 } };
  const reached = { 'worker, working: beat, before': 2 };

  it('has the steps, their points, and the kills', () => {
    const own = chunk({ experiment: 'every-step', faults, reached });
    expect(linesOf([own], censuses)).toContain('| 1 | 2 | 1 | 0 | 1 | 4 | 1 | 3 | 2 |');
  });

  it('knows what earlier versions did not write down', () => {
    const own = chunk({ experiment: 'every-step', faults });
    expect(linesOf([own])).toContain('| 1 | not kept | | | | | not kept | 3 | 2 |');
  });

  it('has what is left out, with the reasons', () => {
    const line = linesOf([chunk({})]).find((text) => text.includes('| obliterateIndexed |'));
    expect(line).toContain('removes the queue itself');
  });
});

describe('the report of a soak', () => {
  it('has its memory and what it left', () => {
    const samples = {
      'memory of Redis, KiB': [10, 20, 30, 30, 40, 60],
      'memory of Redis, KiB in an hour': [7],
      [soakSamples.otherKeys]: [9],
    };
    const lines = linesOf([chunk({ experiment: 'soak', samples })]);
    expect(lines).toContain('| 2026-01-02 03:04 | memory of Redis | 15 | 50 | 7 | 512 |');
    expect(lines).toContain(`| 2026-01-02 03:04 | ${soakSamples.otherKeys} | 9 |`);
    expect(lines.join()).not.toContain(soakSamples.instances);
  });

  it('is not there without one', () => {
    expect(reliabilityReport([chunk({})])).not.toContain('The soak');
  });
});

describe('what was played', () => {
  it('tells problems apart, where their chunks did', () => {
    const problemKinds = { 'a queue that did not drain': 2 };
    const lines = linesOf([chunk({ problems: 3, problemKinds }), chunk({ problems: 1 })]);
    expect(lines).toContain('- 2 × a queue that did not drain');
    expect(lines).toContain('- 2 × not told apart by its chunk');
  });

  it('has beside the violations how many failures I8 judged, where it was counted', () => {
    const one = chunk({ failovers: { inTime: 900, late: 1, excused: 20 }, seed: 7 });
    const two = chunk({ failovers: { inTime: 101, late: 0, excused: 0 }, seed: 8 });
    const lines = linesOf([one, two, chunk({ seed: 9 })]);
    const about = 'failures by the bounds of I8, in the 2 chunks that counted them:';
    expect(lines).toEqual(
      expect.arrayContaining([
        ...[`| ${about} over in time | 1,001 |`, `| ${about} late | 1 |`, `| ${about} excused | 20 |`],
        '| 2026-01-02 03:04 | random | 7 | 0–-1 | 0 | 0 | 0 | 900 / 1 / 20 | 0 | |',
        '| 2026-01-02 03:04 | random | 9 | 0–-1 | 0 | 0 | 0 | | 0 | |',
      ]),
    );
    expect(reliabilityReport([chunk({})])).not.toContain('chunks that counted them');
  });

  it('has each experiment, beside what a run of it has by default', () => {
    const faults = { maxmemory: { happened: 8, hit: 8, counted: 8 } };
    const full = chunk({ experiment: 'full', next: 2, seconds: 67, faults });
    const model = chunk({ experiment: 'model', next: 3 });
    expect(linesOf([full, model])).toEqual(
      expect.arrayContaining(['| `full` | 1 | 2 | 1 | 8 | 16 |', '| `model` | 1 | 3 | 0 | 0 | |']),
    );
  });
});

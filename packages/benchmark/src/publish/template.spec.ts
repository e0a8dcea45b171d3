import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { BenchCase } from '../cases/bench-case.js';
import { allCases } from '../cases/index.js';
import type { PhaseProfile } from '../profile/phase-profile.js';
import { drawCharts } from '../report/charts/index.js';
import type { CaseResult } from '../run/results.js';
import { aRun } from '../statistics/a-run.fixture.js';
import { Figures } from '../statistics/figures.js';
import { fillPlaceholders, notMeasured } from './placeholders.js';

const share = { name: 'something', micros: 1_000, calls: 10 };
const phases = (names: readonly string[]): PhaseProfile[] =>
  names.map((phase) => ({
    phase,
    tasks: 10,
    seconds: 1,
    node: { byPackage: [share], byFunction: [share] },
    redis: { byScript: [share], byCommand: [share] },
  }));

/** As if every case had been run once. */
function measured({ name, title, group, x, peers, metrics, profiled, measurement }: BenchCase): CaseResult {
  const values = { ...Object.fromEntries(metrics.map((metric) => [metric, 1])), latencyMs: [1, 2, 3] };
  return {
    name,
    title,
    group,
    ...(x && { x }),
    peers,
    metrics,
    input: {},
    samples: peers.map((peer) => ({ round: 1, peer, values })),
    failures: [],
    profiles: profiled ? peers.map((peer) => ({ peer, phases: phases(['add', measurement]) })) : [],
  };
}

describe('PERFORMANCE.template.md', () => {
  const figures = new Figures(aRun(allCases.map(measured)));
  const template = readFile(new URL('../../PERFORMANCE.template.md', import.meta.url), 'utf8');

  it('asks for nothing that the full form does not measure', async () => {
    const text = fillPlaceholders(await template, figures, 'charts');
    expect(text).not.toMatch(/\{\{|undefined|NaN/);
    expect(text).not.toContain(notMeasured);
  });

  it('shows every chart that is drawn, and no other', async () => {
    const text = fillPlaceholders(await template, figures, 'charts');
    const shown = [...text.matchAll(/\(charts\/([\w-]+)\.svg\)/g)].map(([, name]) => name);
    expect(shown.sort()).toEqual(
      drawCharts(figures)
        .map(({ name }) => name)
        .sort(),
    );
  });
});

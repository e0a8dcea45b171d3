import { describe, expect, it } from '@jest/globals';
import type { BenchCase } from '../cases/bench-case.js';
import { plan, type PlanOptions } from './plan.js';

const bench = (name: string, more: Partial<BenchCase> = {}): BenchCase => ({
  name,
  title: name,
  group: name,
  measurement: 'process',
  peers: ['affinity'],
  metrics: ['tasksPerSecond'],
  input: 'full',
  ...more,
});

const cases = [
  bench('one', { quickInput: 'quick', quickRounds: 3, profiled: true }),
  bench('two', { maxRounds: 2 }),
  bench('three-1', { group: 'three', quickInput: 'quick' }),
  bench('three-2', { group: 'three' }),
];

const planned = (options: Partial<PlanOptions>) =>
  plan(cases, { quick: false, only: [], rounds: undefined, profile: false, ...options }).map(
    ({ bench: { name }, input, rounds, profiled }) => [name, input, rounds, profiled],
  );

describe('plan', () => {
  it('runs all cases five times, and no case more often than it wants', () => {
    expect(planned({ profile: true })).toEqual([
      ['one', 'full', 5, true],
      ['two', 'full', 2, false],
      ['three-1', 'full', 5, false],
      ['three-2', 'full', 5, false],
    ]);
  });

  it('leaves cases without a quick input out of the quick form', () => {
    expect(planned({ quick: true })).toEqual([
      ['one', 'quick', 3, false],
      ['three-1', 'quick', 1, false],
    ]);
  });

  it('selects cases and groups by name', () => {
    expect(planned({ only: ['three', 'one'], rounds: 1 }).map(([name]) => name)).toEqual([
      'one',
      'three-1',
      'three-2',
    ]);
  });

  it('refuses a name that is neither', () => {
    expect(() => planned({ only: ['four'] })).toThrow(
      'no case or group "four". There are: one, two, three, three-1',
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { planFaults, plannedKinds } from '../faults/planned-fault.js';
import { workloads } from '../workload/workloads.js';
import { SeededRandom } from './seeded-random.js';

describe('the same seed', () => {
  it('plans the same faults, another one others', () => {
    const plan = (seed: number) => planFaults(new SeededRandom(seed), 50);
    expect(plan(7)).toEqual(plan(7));
    expect(plan(8)).not.toEqual(plan(7));
  });

  it('makes the same tasks', () => {
    const tasks = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 50 }, () => workloads.mixed(random));
    };
    expect(tasks(7)).toEqual(tasks(7));
    expect(tasks(8)).not.toEqual(tasks(7));
  });
});

describe('chance', () => {
  it('plans every kind of fault', () => {
    const kinds = new Set(planFaults(new SeededRandom(1), 400).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...plannedKinds].sort());
  });

  it('prefers the first, and reaches the last', () => {
    const random = new SeededRandom(1);
    const counts = new Array<number>(24).fill(0);
    for (let i = 0; i < 10_000; i += 1) counts[random.skewed(24)]! += 1;
    expect(counts[0]).toBeGreaterThan(5 * counts[23]!);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 20 }, (_, index) => index);
    const shuffled = new SeededRandom(3).shuffled(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((one, other) => one - other)).toEqual(items);
  });
});

import type { BenchCase } from '../cases/bench-case.js';

export interface Planned {
  readonly bench: BenchCase;
  readonly input: unknown;
  readonly warmUp: unknown;
  readonly rounds: number;
}

export interface PlanOptions {
  readonly quick: boolean;
  /** Names of cases or groups; none: all. */
  readonly only: readonly string[];
  readonly rounds: number;
}

/** @throws when a name is neither a case nor a group */
export function plan(cases: readonly BenchCase[], { quick, only, rounds }: PlanOptions): Planned[] {
  for (const name of only) {
    if (cases.some((bench) => isNamed(bench, name))) continue;
    const known = [...new Set(cases.flatMap((bench) => [bench.group, bench.name]))].join(', ');
    throw new Error(`There is no case or group "${name}". There are: ${known}`);
  }
  return cases
    .filter((bench) => only.length === 0 || only.some((name) => isNamed(bench, name)))
    .filter((bench) => !quick || bench.quickInput !== undefined)
    .map((bench) => ({
      bench,
      input: quick ? bench.quickInput : bench.input,
      warmUp: bench.warmUp,
      rounds: Math.min(rounds, bench.maxRounds ?? rounds),
    }));
}

function isNamed({ name, group }: BenchCase, wanted: string): boolean {
  return name === wanted || group === wanted;
}

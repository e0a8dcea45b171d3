import type { BenchCase } from '../cases/bench-case.js';

export interface Planned {
  readonly bench: BenchCase;
  readonly input: unknown;
  readonly warmUp: unknown;
  readonly rounds: number;
  readonly profiled: boolean;
}

export interface PlanOptions {
  readonly quick: boolean;
  /** Names of cases or groups; none: all. */
  readonly only: readonly string[];
  /** As many as each form has by itself if not given. */
  readonly rounds: number | undefined;
  readonly profile: boolean;
}

/** @throws when a name is neither a case nor a group */
export function plan(cases: readonly BenchCase[], { quick, only, rounds, profile }: PlanOptions): Planned[] {
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
      warmUp: quick ? (bench.quickWarmUp ?? bench.warmUp) : bench.warmUp,
      rounds: roundsOf(bench, quick, rounds),
      profiled: profile && bench.profiled === true,
    }));
}

const fullRounds = 5;

function roundsOf(bench: BenchCase, quick: boolean, asked: number | undefined): number {
  const wanted = asked ?? (quick ? (bench.quickRounds ?? 1) : fullRounds);
  return Math.min(wanted, bench.maxRounds ?? wanted);
}

function isNamed({ name, group }: BenchCase, wanted: string): boolean {
  return name === wanted || group === wanted;
}

import type { MetricName } from '../cases/metrics.js';
import type { Values } from '../measurements/measurement.js';
import type { PeerName } from '../peers/names.js';
import type { PhaseProfile } from '../profile/phase-profile.js';
import type { Machine } from './machine.js';

/** One measurement of one peer. */
export interface Sample {
  readonly round: number;
  readonly peer: PeerName;
  readonly values: Values;
}

export interface Failure {
  readonly round: number;
  readonly peer: PeerName;
  readonly reason: string;
}

export interface PeerProfile {
  readonly peer: PeerName;
  readonly phases: readonly PhaseProfile[];
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly group: string;
  readonly x?: { readonly label: string; readonly value: number };
  /** ISO, where the case was measured by itself, and put into an earlier run. */
  readonly measuredAt?: string;
  readonly peers: readonly PeerName[];
  readonly metrics: readonly MetricName[];
  readonly input: unknown;
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
  readonly profiles: readonly PeerProfile[];
}

/** All that one run found, and what was put into it later; every report is made from this alone. */
export interface RunResults {
  readonly form: 'full' | 'quick';
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  /** What a reader has to know of this run. */
  readonly note?: string;
  readonly cases: readonly CaseResult[];
}

/** An earlier run with cases that were measured by themselves later, in place of what it had of them or at its end. */
export function withLater(earlier: RunResults, { startedAt, cases }: RunResults): RunResults {
  const later = new Map(cases.map((result) => [result.name, { ...result, measuredAt: startedAt }]));
  const kept = earlier.cases.map((result) => later.get(result.name) ?? result);
  const added = [...later.values()].filter(
    ({ name }) => !earlier.cases.some((result) => result.name === name),
  );
  return { ...earlier, cases: [...kept, ...added] };
}

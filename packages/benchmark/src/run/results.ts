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
  readonly peers: readonly PeerName[];
  readonly metrics: readonly MetricName[];
  readonly input: unknown;
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
  readonly profiles: readonly PeerProfile[];
}

/** All that one run found; every report is made from this alone. */
export interface RunResults {
  readonly form: 'full' | 'quick';
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

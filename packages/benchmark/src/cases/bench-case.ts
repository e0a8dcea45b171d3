import type { InputOf, MeasurementName } from '../measurements/index.js';
import type { PeerName } from '../peers/names.js';
import type { MetricName } from './metrics.js';

/** A measurement with its input, for some peers: a row of the plan and a table of the report. */
export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** Cases of one group share a section, and `--only <group>` runs them all. */
  readonly group: string;
  /** Where the group is a series: the value that differs, and what it is. */
  readonly x?: { readonly label: string; readonly value: number };
  readonly measurement: MeasurementName;
  readonly peers: readonly PeerName[];
  readonly metrics: readonly MetricName[];
  readonly input: unknown;
  readonly warmUp?: unknown;
  /** In place of `warmUp` in the quick form. */
  readonly quickWarmUp?: unknown;
  /** In place of `input` in the quick form; without it, that form leaves the case out. */
  readonly quickInput?: unknown;
  /** Rounds of the quick form, 1 if not given. */
  readonly quickRounds?: number;
  /** Never more rounds than this: a case whose figures hardly vary, or one that takes long. */
  readonly maxRounds?: number;
  /** One more round, thrown away but for its profile: where the time goes. */
  readonly profiled?: boolean;
}

type Typed<Name extends MeasurementName> = Omit<
  BenchCase,
  'measurement' | 'input' | 'warmUp' | 'quickWarmUp' | 'quickInput'
> & {
  readonly measurement: Name;
  readonly input: InputOf<Name>;
  readonly warmUp?: InputOf<Name>;
  readonly quickWarmUp?: InputOf<Name>;
  readonly quickInput?: InputOf<Name>;
};

/** Checks the inputs against the measurement. */
export function defineCase<Name extends MeasurementName>(definition: Typed<Name>): BenchCase {
  return definition;
}

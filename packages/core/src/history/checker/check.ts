import type { WitnessEntry } from '../witness.js';
import type { Placed } from './merge-histories.js';
import type { Processes } from './processes.js';
import type { Findings } from './report.js';

/** What a check works with. */
export interface CheckContext {
  readonly processes: Processes;
  readonly findings: Findings;
  /** Whether there is a witness stream to come. */
  readonly hasWitness: boolean;
}

/** Looks after one invariant, or a few that need the same. All records come first, then all entries of the witness. */
export interface Check {
  see?(placed: Placed): void;
  seeEntry?(entry: WitnessEntry): void;
  finish?(): void;
}

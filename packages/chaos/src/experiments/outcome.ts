import type { Failovers, HistoryReport, Violation } from 'nestjs-affinity-queue/history';
import type { LoggedFault } from '../faults/fault-log.js';

/** What was measured, by name: times in ms. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** What a search of the model saw: states are told apart but for the names of leaders, workers and tags. */
export interface SearchFigures {
  readonly leaders: number;
  readonly workers: number;
  readonly tags: number;
  readonly tasks: number;
  readonly depth: number;
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
  /** Whether nothing new was left beyond that depth. */
  readonly isComplete: boolean;
  /** It ends at the first one. */
  readonly violations: number;
}

/** A mistake in the scripts that was made on purpose, and whether the campaign noticed. */
export interface MistakeFigures {
  /** Until something was found, or no more were allowed. */
  readonly episodes: number;
  /** Invariants, and kinds of standstills that the same episode without it does not have; nothing if it was not found. */
  readonly foundBy: readonly string[];
}

/** What one episode came to. */
export interface EpisodeOutcome {
  readonly experiment: string;
  readonly seed: number;
  readonly seconds: number;
  readonly counts: HistoryReport['counts'];
  readonly faults: readonly LoggedFault[];
  /** Points of "every step" at which somebody was killed. */
  readonly reached?: readonly string[];
  /** Faults that were planned, and that nothing led to. */
  readonly missed?: readonly string[];
  readonly violations: readonly Violation[];
  /** What is no violation of an invariant and must not happen either: a queue that does not drain, a process that fails. */
  readonly problems: readonly string[];
  /** Handlers of a tag that ran at the same time, by the fault that explains it. */
  readonly overlaps: Readonly<Record<string, number>>;
  /** What the history does not say, by invariant and reason. */
  readonly undecided: Readonly<Record<string, number>>;
  /** The failures that I8 judged; nothing where nobody wrote a history. */
  readonly failovers?: Failovers;
  /** How often a process stood still although nothing was done to it. */
  readonly stalls: number;
  /** How often an instance could not reach Redis at its start, and was started again. */
  readonly restarts?: number;
  readonly samples: Samples;
  /** Sequences of scripts that were tried, by what they were held against. */
  readonly sequences?: Readonly<Record<string, number>>;
  readonly search?: SearchFigures;
  readonly mistake?: MistakeFigures & { readonly name: string };
  readonly duplicates: Readonly<Record<string, number>>;
  /** Where its histories are, if something was found. */
  readonly kept: string | undefined;
}

export function isClean({ violations, problems }: EpisodeOutcome): boolean {
  return violations.length === 0 && problems.length === 0;
}

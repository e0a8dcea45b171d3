import type { HistoryRecord } from '../records.js';
import type { HistoryDamage } from '../read-history.js';
import type { WitnessEntry } from '../witness.js';

/** @publicApi */
export const invariants = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10'] as const;

/** One of the invariants that docs/guides/history.md lists. @publicApi */
export type Invariant = (typeof invariants)[number];

/** Records and entries that show what is said. @publicApi */
export type Evidence = readonly (HistoryRecord | WitnessEntry)[];

/** Something that must never happen, and happened. @publicApi */
export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
  readonly evidence: Evidence;
}

/** What the history does not say. @publicApi */
export interface Undecided {
  readonly invariant: Invariant;
  readonly reason: string;
  readonly count: number;
  /** Of the first case. */
  readonly evidence: Evidence;
}

/** Two handlers of a tag ran at the same time, and a fault longer than the lease explains it. @publicApi */
export interface ExplainedOverlap {
  readonly message: string;
  /** The two starts, and the fault. */
  readonly evidence: Evidence;
}

/** How many of the failures that I8 is about came to what. @publicApi */
export interface Failovers {
  readonly inTime: number;
  /** Each of them is a violation. */
  readonly late: number;
  /** Not in time, and not decided: see the reasons of I8 in `undecided`. */
  readonly excused: number;
}

/** @publicApi */
export interface HistoryReport {
  /** No violation; see `undecided` for what that does not cover. */
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  /** Violations beyond those that are listed. */
  readonly furtherViolations: number;
  readonly overlaps: readonly ExplainedOverlap[];
  readonly undecided: readonly Undecided[];
  readonly failovers: Failovers;
  readonly damage: readonly HistoryDamage[];
  readonly counts: {
    readonly processes: number;
    readonly records: number;
    readonly witnessEntries: number;
    readonly tasks: number;
    readonly starts: number;
    readonly commits: number;
    readonly faults: number;
  };
}

const mostListed = 1_000;

/** What the checks have found so far. */
export class Findings {
  readonly violations: Violation[] = [];
  readonly overlaps: ExplainedOverlap[] = [];
  furtherViolations = 0;
  readonly #undecided = new Map<string, Undecided>();

  violation(invariant: Invariant, message: string, evidence: Evidence): void {
    if (this.violations.length < mostListed) this.violations.push({ invariant, message, evidence });
    else this.furtherViolations += 1;
  }

  overlap(message: string, evidence: Evidence): void {
    this.overlaps.push({ message, evidence });
  }

  undecided(invariant: Invariant, reason: string, evidence: Evidence = []): void {
    const key = `${invariant} ${reason}`;
    const present = this.#undecided.get(key) ?? { invariant, reason, count: 0, evidence };
    this.#undecided.set(key, { ...present, count: present.count + 1 });
  }

  get allUndecided(): Undecided[] {
    return [...this.#undecided.values()];
  }
}

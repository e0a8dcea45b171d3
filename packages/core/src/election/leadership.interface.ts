/** One leadership of this instance, from the won election to its end. */
export interface LeadershipTerm {
  /** "nodeId:epoch", by which every script of a leader is fenced. */
  readonly lockValue: string;
  /** Aborted when the term is over, for whatever reason. */
  readonly signal: AbortSignal;
  /** Redis refused a script: there is a newer leader. */
  fenced(): void;
}

/** The candidacy of this instance, as far as its scheduler has a say in it. */
export interface RevocableCandidacy {
  /** Resigns if it leads, and stands no more until it is restored. */
  withdraw(): void;
  restore(): void;
}

/** Something that a leader does: runs from the beginning of a term and returns when its signal is aborted. */
export interface TermRunner {
  run(term: LeadershipTerm): Promise<void>;
  /** When it last made progress, by the monotonic clock; a leader that stands still does not renew its lease. */
  readonly lastProgressMs?: number;
}

/** A time for which a process stood still although nothing was done to it; microseconds of the one clock. */
export interface Stall {
  readonly target: string;
  readonly from: number;
  readonly until: number;
}

/** For how long, ms, one of these processes or another stood still between two moments. */
export function stoodStillMs(
  stalls: readonly Stall[],
  targets: ReadonlySet<string>,
  from: number,
  until: number,
): number {
  const spans = stalls
    .filter((stall) => targets.has(stall.target) && stall.from < until && stall.until > from)
    .sort((one, other) => one.from - other.from);
  let total = 0;
  let reached = from;
  for (const span of spans) {
    const begin = Math.max(span.from, reached);
    reached = Math.max(reached, Math.min(span.until, until));
    total += Math.max(0, reached - begin);
  }
  return total / 1_000;
}

/** Round values from 0 to a round one not below `max`, some five steps. */
export function linearTicks(max: number): number[] {
  const rough = Math.max(max, Number.MIN_VALUE) / 5;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

export interface LogScale {
  readonly ticks: readonly number[];
  /** 0 … 1 */
  readonly position: (value: number) => number;
}

/** From the smallest to the largest value, with a tick at 1, 2 and 5 of each power of ten, or at powers alone. */
export function logScale(min: number, max: number): LogScale {
  const from = Math.log10(min);
  const to = Math.log10(max) > from ? Math.log10(max) : from + 1;
  const factors = to - from > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power += 1) {
    for (const factor of factors) ticks.push(factor * 10 ** power);
  }
  return {
    ticks: ticks.filter((tick) => Math.log10(tick) >= from - 1e-9 && Math.log10(tick) <= to + 1e-9),
    position: (value) => (Math.log10(value) - from) / (to - from),
  };
}

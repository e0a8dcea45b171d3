/** What a set of durations is like: ms. */
export interface DurationView {
  readonly median: number;
  readonly p95: number;
  readonly count: number;
}

const sampleSize = 400;

/** Durations of one span of time; of many, an even sample. */
export class Durations {
  readonly #sample: number[] = [];
  #count = 0;

  constructor(private readonly random: () => number = Math.random) {}

  add(ms: number): void {
    this.#count += 1;
    if (this.#sample.length < sampleSize) this.#sample.push(ms);
    else {
      // Reservoir sampling: every one has the same chance to be kept.
      const at = Math.floor(this.random() * this.#count);
      if (at < sampleSize) this.#sample[at] = ms;
    }
  }

  view(): DurationView | null {
    if (this.#count === 0) return null;
    const sorted = [...this.#sample].sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { median: at(0.5), p95: at(0.95), count: this.#count };
  }
}

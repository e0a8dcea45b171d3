import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The only source of chance: the same seed gives the same campaign. */
export class SeededRandom {
  readonly #generator;

  constructor(readonly seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** From `least` to `most`, both included. */
  int(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  chance(probability: number): boolean {
    return this.int(0, 999_999) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('There is nothing to pick from');
    return items[this.int(0, items.length - 1)]!;
  }

  /** An index below `count`; the first is the most likely, the n-th 1/n as likely. */
  skewed(count: number): number {
    const weights = Array.from({ length: count }, (_, index) => Math.round(10_000 / (index + 1)));
    let left = this.int(
      1,
      weights.reduce((sum, weight) => sum + weight, 0),
    );
    return weights.findIndex((weight) => (left -= weight) <= 0);
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return Array.from(items, () => left.splice(this.int(0, left.length - 1), 1)[0]!);
  }
}

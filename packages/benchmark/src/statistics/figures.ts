import type { MetricName } from '../cases/metrics.js';
import type { PeerName } from '../peers/names.js';
import type { CaseResult, RunResults } from '../run/results.js';
import { summarise, type Summary } from './statistics.js';

/** The figures of one run, by case, peer and metric; `undefined` where something was not measured. */
export class Figures {
  readonly #cases: ReadonlyMap<string, CaseResult>;

  constructor(readonly results: RunResults) {
    this.#cases = new Map(results.cases.map((result) => [result.name, result]));
  }

  case(name: string): CaseResult | undefined {
    return this.#cases.get(name);
  }

  group(name: string): CaseResult[] {
    return this.results.cases.filter(({ group }) => group === name);
  }

  summary(caseName: string, peer: PeerName, metric: MetricName): Summary | undefined {
    const samples = this.#cases.get(caseName)?.samples ?? [];
    const values = samples.filter((sample) => sample.peer === peer).map(({ values: found }) => found[metric]);
    const numbers = values.filter((value) => typeof value === 'number');
    return numbers.length === 0 ? undefined : summarise(numbers);
  }

  median(caseName: string, peer: PeerName, metric: MetricName): number | undefined {
    return this.summary(caseName, peer, metric)?.median;
  }

  /** The medians of two peers in the same run, the first divided by the second. */
  ratio(caseName: string, metric: MetricName, peer: PeerName, other: PeerName): number | undefined {
    const [above, below] = [this.median(caseName, peer, metric), this.median(caseName, other, metric)];
    return above === undefined || below === undefined || below === 0 ? undefined : above / below;
  }

  /** All samples of a distribution, over all rounds. */
  distribution(caseName: string, peer: PeerName, name: string): readonly number[] {
    const samples = this.#cases.get(caseName)?.samples ?? [];
    return samples.flatMap(({ peer: measured, values }) => {
      const found = values[name];
      return measured === peer && Array.isArray(found) ? (found as number[]) : [];
    });
  }
}

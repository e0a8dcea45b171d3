import type { Samples } from '../experiments/outcome.js';
import { percentiles } from '../measures/percentiles.js';
import { bars } from './bars.js';

/** The bars that a run missed, as the report would have it, each with what was found. */
export function missedBars(experiment: string, samples: Samples): string[] {
  return bars.flatMap(({ sample, timedBy, what, bound, boundMs, figure }) => {
    const found = experiment === timedBy ? percentiles(samples[sample] ?? []) : undefined;
    if (found === undefined || found[figure] <= boundMs) return [];
    return [`${what}: ${Math.round(found[figure])} ms (${figure} of ${found.count}), the bar is ${bound}`];
  });
}

import type { Samples } from '../experiments/outcome.js';
import { percentiles } from '../measures/percentiles.js';
import { bars } from './bars.js';

/** Before that, the figure of an experiment that is not there to time it may be that of one busy moment. */
const enoughCases = 20;

/** The bars that a run missed, as the report would have it, each with what was found. */
export function missedBars(experiment: string, samples: Samples): string[] {
  return bars.flatMap(({ sample, timedBy, what, bound, boundMs, figure }) => {
    const found = percentiles(samples[sample] ?? []);
    const least = experiment === timedBy ? 1 : enoughCases;
    if (found === undefined || found.count < least || found[figure] <= boundMs) return [];
    return [`${what}: ${Math.round(found[figure])} ms (${figure} of ${found.count}), the bar is ${bound}`];
  });
}

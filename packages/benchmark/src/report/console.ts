import { bars } from '../bars/index.js';
import type { Figures } from '../statistics/figures.js';

/** The bars that this run has measured, for the terminal. */
export function barLines(figures: Figures): string[] {
  return bars.flatMap(({ what, bar, judge }) => {
    const verdict = judge(figures);
    if (verdict === undefined) return [];
    const mark = verdict.passed ? '✓' : '✗';
    return [`${mark} ${what}: ${verdict.found} (${bar})`];
  });
}

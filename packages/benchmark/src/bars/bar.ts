import type { Figures } from '../statistics/figures.js';

export interface Verdict {
  /** What was found, as text. */
  readonly found: string;
  readonly passed: boolean;
  /** Where a bar has a further aim. */
  readonly aimReached?: boolean;
}

export interface Bar {
  readonly what: string;
  readonly bar: string;
  /** `undefined`: this run has not measured it. */
  readonly judge: (figures: Figures) => Verdict | undefined;
}

interface RatioBar {
  readonly what: string;
  /** Finds the ratio, as in "at least 1.25 × GroupMQ". */
  readonly ratio: (figures: Figures) => number | undefined;
  readonly of: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly aim?: number;
}

export function ratioBar({ what, ratio, of, atLeast, atMost, aim }: RatioBar): Bar {
  const limit = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return {
    what,
    bar: `${limit} × ${of}${aim === undefined ? '' : ` (aim: ${aim} ×)`}`,
    judge: (figures) => {
      const value = ratio(figures);
      if (value === undefined) return undefined;
      return {
        found: `${value.toFixed(2)} ×`,
        passed: (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost),
        ...(aim !== undefined && { aimReached: value >= aim }),
      };
    },
  };
}

interface LimitBar {
  readonly what: string;
  readonly bar: string;
  readonly value: (figures: Figures) => number | undefined;
  readonly unit: string;
  readonly digits?: number;
  readonly passes: (value: number) => boolean;
}

export function limitBar({ what, bar, value: find, unit, digits = 1, passes }: LimitBar): Bar {
  return {
    what,
    bar,
    judge: (figures) => {
      const value = find(figures);
      return value === undefined
        ? undefined
        : { found: `${value.toFixed(digits)} ${unit}`.trim(), passed: passes(value) };
    },
  };
}

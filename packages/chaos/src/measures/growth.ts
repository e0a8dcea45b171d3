/** Memory at a moment. */
export interface Reading {
  readonly atMs: number;
  readonly bytes: number;
}

/** What an hour may add, in bytes: a heap breathes and its pages come back late; what Redis holds is counted by itself. */
export const growthBounds = { instance: 8 * 2 ** 20, redis: 512 * 2 ** 10 } as const;

const hourMs = 3_600_000;

/** Bytes in an hour, by least squares over the last two thirds: the first third warms up. */
export function growthPerHour(series: readonly Reading[]): number {
  const settled = series.slice(Math.floor(series.length / 3));
  const count = settled.length;
  const meanAt = settled.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const meanBytes = settled.reduce((sum, { bytes }) => sum + bytes, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { atMs, bytes } of settled) {
    covariance += (atMs - meanAt) * (bytes - meanBytes);
    variance += (atMs - meanAt) ** 2;
  }
  return variance === 0 ? 0 : (covariance / variance) * hourMs;
}

/**
 * Whether memory grows by no more than the bound in an hour. A run that is shorter than that may show more: the error of a
 * slope that is read at a steady pace falls with the length of the run to the power of 1.5.
 */
export function isFlat(series: readonly Reading[], boundPerHour: number): boolean {
  const [first, last] = [series[0], series.at(-1)];
  if (first === undefined || last === undefined) return true;
  const hours = Math.min(1, (last.atMs - first.atMs) / hourMs);
  return growthPerHour(series) * hours ** 1.5 <= boundPerHour;
}

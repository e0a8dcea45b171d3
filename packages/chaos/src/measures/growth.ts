/** Memory at a moment. */
export interface Reading {
  readonly atMs: number;
  readonly bytes: number;
}

/** What may be noise: heaps breathe. */
const flatBytesPerHour = 8 * 2 ** 20;
const flatShare = 0.1;
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
 * Over the last two thirds, what the slope adds up to is less than a tenth of the mean, or the slope is less than 8 MiB in an
 * hour.
 */
export function isFlat(series: readonly Reading[]): boolean {
  const settled = series.slice(Math.floor(series.length / 3));
  const [first, last] = [settled[0], settled.at(-1)];
  if (first === undefined || last === undefined) return true;
  const perHour = growthPerHour(series);
  const mean = settled.reduce((sum, { bytes }) => sum + bytes, 0) / settled.length;
  const grown = (perHour * (last.atMs - first.atMs)) / hourMs;
  return perHour < flatBytesPerHour || grown < flatShare * mean;
}

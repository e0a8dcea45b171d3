/** Numbers as people read them: 12,345 or 0.25. */
export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** For the ticks of an axis, which are round. */
export function formatTick(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

/** Three digits that matter, whatever the size. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  return formatNumber(value, size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Length in bytes of UTF-8: what Redis stores and what limits are measured in. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * Whether the text is well-formed UTF-16. A lone surrogate has no UTF-8 form: it would reach Redis as U+FFFD, and
 * two different tags would become one.
 */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A value for an error message: short, quoted if text, never the content of an object. */
export function displayValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value, 80));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol' || typeof value === 'function') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** At most so many characters, without cutting one in half. */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars).replace(/\p{Surrogate}$/u, '')}…`;
}

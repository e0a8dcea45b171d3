import { shorten } from '../../domain/text.js';

/**
 * Text that applications choose (tags, types, job ids) for a log line: in quotes, short, and with line breaks and
 * other control characters escaped, so that it cannot forge a line of its own.
 */
export function quote(text: string): string {
  return JSON.stringify(shorten(text, 120)).replace(/[\u007f-\u009f\u2028\u2029]/g, escape);
}

/** A list of such texts. */
export function quoteAll(texts: readonly string[], none: string): string {
  return texts.length === 0 ? none : texts.map(quote).join(', ');
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

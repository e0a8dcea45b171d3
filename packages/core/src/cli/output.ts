import Table from 'cli-table3';
import { shorten } from '../domain/text.js';
import { duration } from '../observability/messages/explanations/moments.js';

/** Where the answer goes; errors go elsewhere. */
export interface Output {
  write(text: string): void;
}

export type Cell = string | number;

/** Text that applications choose must not steer the terminal, nor turn the direction of what follows. */
export function printable(text: string, maxChars = 60): string {
  return shorten(text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '\ufffd'), maxChars);
}

/** A table without colours, which reads as well in a file. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const plain = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) plain.push(row.map(String));
  return `${plain.toString()}\n`;
}

/** How long ago, by this machine's clock. */
export function ago(ms: number | null, now = Date.now()): string {
  return ms === null ? '–' : `${duration(now - ms)} ago`;
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

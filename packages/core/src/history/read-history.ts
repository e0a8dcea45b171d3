import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { historyVersion, type HistoryRecord } from './records.js';

/** Something about a file that keeps it from being read as a whole. @publicApi */
export interface HistoryDamage {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/**
 * The records of one file, in order. A last line without its end is what a killed process leaves, and no damage. Any other
 * line that cannot be read, and a gap in the numbers, is reported and passed over.
 *
 * @publicApi
 */
export async function* readHistory(
  file: string,
  onDamage: (damage: HistoryDamage) => void,
): AsyncGenerator<HistoryRecord> {
  let expected = 1;
  let line = 0;
  /** A line that could not be read is damage only if another one follows. */
  let unread: string | undefined;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    if (unread !== undefined) onDamage({ file, line, reason: unread });
    unread = undefined;
    line += 1;
    const record = parse(text);
    if (typeof record === 'string') {
      unread = record;
      continue;
    }
    if (line === 1) assertKnownVersion(file, record);
    if (record.n !== expected)
      onDamage({ file, line, reason: `record ${record.n} where ${expected} was expected` });
    expected = record.n + 1;
    yield record;
  }
}

function parse(text: string): HistoryRecord | string {
  try {
    const value = JSON.parse(text) as Partial<HistoryRecord> | null;
    const isRecord =
      typeof value === 'object' &&
      value !== null &&
      typeof value.type === 'string' &&
      typeof value.n === 'number' &&
      typeof value.at === 'number' &&
      typeof value.process === 'string';
    return isRecord ? (value as HistoryRecord) : 'no record of a history';
  } catch {
    return 'no JSON';
  }
}

function assertKnownVersion(file: string, record: HistoryRecord): void {
  const version = record.type === 'process.opened' ? record.version : undefined;
  if (version === historyVersion) return;
  throw new Error(`${file} is no history of version ${historyVersion}`);
}

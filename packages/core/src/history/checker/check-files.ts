import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readHistory, type HistoryDamage } from '../read-history.js';
import type { WitnessEntry } from '../witness.js';
import { checkHistory } from './check-history.js';
import type { HistoryReport } from './report.js';

/**
 * Checks the files that the processes of an application have written.
 *
 * @param from - a folder, whose files `*.history.jsonl` are meant, or the files
 * @throws when a file is of another version, or {@link checkHistory} throws
 * @publicApi
 */
export async function checkHistoryFiles(
  from: string | readonly string[],
  about: { queue?: string; witness?: AsyncIterable<WitnessEntry> | Iterable<WitnessEntry> } = {},
): Promise<HistoryReport> {
  const damage: HistoryDamage[] = [];
  const note = (one: HistoryDamage): void => {
    damage.push(one);
  };
  const histories = filesOf(from).map((file) => readHistory(file, note));
  return checkHistory({ ...about, histories, damage });
}

function filesOf(from: string | readonly string[]): readonly string[] {
  if (typeof from !== 'string') return from;
  const names = readdirSync(from).filter((name) => name.endsWith('.history.jsonl'));
  return names.sort().map((name) => join(from, name));
}

import type { Chunk } from '../campaign/chunk.js';
import { markdownTable } from './markdown-table.js';

/** Which of the mistakes that were made on purpose the random faults found; nothing where it was not tried. */
export function mistakesSection(chunks: readonly Chunk[]): [title: string, text: string][] {
  const all = new Map<string, { episodes: number; foundBy: readonly string[] }>();
  for (const { mistakes } of chunks) {
    for (const [name, { episodes, foundBy }] of Object.entries(mistakes ?? {})) {
      const earlier = all.get(name);
      all.set(name, {
        episodes: (earlier?.episodes ?? 0) + episodes,
        foundBy: [...new Set([...(earlier?.foundBy ?? []), ...foundBy])].sort(),
      });
    }
  }
  if (all.size === 0) return [];
  const rows = [...all].sort(([one], [other]) => (one < other ? -1 : 1));
  const found = rows.filter(([, { foundBy }]) => foundBy.length > 0);
  const rest = rows.length - found.length;
  const about =
    `Random faults were played on scripts with a mistake, and found ${found.length} of ${rows.length} mistakes. ` +
    (rest === 0
      ? ''
      : `The other ${rest} need something that chance did not bring about in so few episodes. `) +
    'Each of them is found by a scenario of its own in `npm test` (seeded-mistakes.spec.ts), on the same scripts, by ' +
    'the same checker.';
  const table = markdownTable(
    ['mistake', 'found by', 'episodes'],
    rows.map(([name, { episodes, foundBy }]) => [
      name,
      foundBy.length > 0 ? foundBy.join(', ') : 'not within these episodes',
      episodes,
    ]),
  );
  return [['Mistakes that were made on purpose', `${about}\n\n${table}`]];
}

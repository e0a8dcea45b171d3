import type { Chunk } from '../campaign/chunk.js';
import { percentiles } from '../measures/percentiles.js';
import { bars } from './bars.js';
import { markdownTable } from './markdown-table.js';

/** How soon everything goes on: held to the bars where it is timed, and as it was elsewhere. */
export function timesSection(chunks: readonly Chunk[]): [title: string, text: string][] {
  return [
    ['How soon everything goes on', timed(chunks)],
    ['The same elsewhere, not held to the bars', elsewhere(chunks)],
  ];
}

function timed(chunks: readonly Chunk[]): string {
  const rows = bars.map(({ sample, timedBy, what, bound, boundMs, figure }) => {
    const own = chunks.filter(({ experiment }) => experiment === timedBy);
    const found = percentiles(own.flatMap(({ samples }) => samples[sample] ?? []));
    if (found === undefined) return [what, timedBy, bound, 0, '', '', '', 'not measured'];
    const verdict = found[figure] <= boundMs ? 'holds' : '**missed**';
    return [what, timedBy, bound, found.count, found.p50, found.p99, found.max, verdict];
  });
  const head = ['from → to', 'timed by', 'bar', 'cases', 'p50, ms', 'p99, ms', 'max, ms', ''];
  const about =
    'Lock TTL and `heartbeatTimeout` are one second here. Timed are failures that come alone: nothing else that was done is ' +
    'felt at the time, and somebody is there who can take over. That is why there are fewer cases than faults. Of fewer than ' +
    'a hundred cases the p99 is the maximum. Guarantee 8 names these bounds for an idle machine; here the campaign itself keeps ' +
    'the processors busy.';
  return `${about}\n\n${markdownTable(head, rows)}`;
}

function elsewhere(chunks: readonly Chunk[]): string {
  const rows = bars.flatMap(({ sample, timedBy, what }) =>
    [...new Set(chunks.map(({ experiment }) => experiment))].flatMap((name) => {
      const own = chunks.filter(({ experiment }) => experiment === name && experiment !== timedBy);
      const found = percentiles(own.flatMap(({ samples }) => samples[sample] ?? []));
      return found === undefined ? [] : [[what, name, found.count, found.p50, found.p99, found.max]];
    }),
  );
  const about =
    'Failures that happened to come alone in experiments that do other things too. Their figures fail no run; the checker ' +
    'holds each single failure to its bounds everywhere (I8).';
  const table = markdownTable(['from → to', 'experiment', 'cases', 'p50, ms', 'p99, ms', 'max, ms'], rows);
  return [about, rows.length > 0 ? table : 'None so far.'].join('\n\n');
}

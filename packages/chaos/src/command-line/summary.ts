import Table from 'cli-table3';
import type { Chunk } from '../campaign/chunk.js';
import { percentiles } from '../measures/percentiles.js';

/** What a chunk came to, for the terminal. */
export function summary(chunk: Chunk): string {
  const faults = new Table({ head: ['fault', 'tried', 'hit', 'counted'] });
  for (const [kind, { happened, hit, counted }] of Object.entries(chunk.faults))
    faults.push([kind, happened, hit, counted]);
  const times = new Table({ head: ['time, ms', 'cases', 'p50', 'p99', 'max'] });
  for (const [name, values] of Object.entries(chunk.samples)) {
    const found = percentiles(values);
    if (found !== undefined) times.push([name, found.count, found.p50, found.p99, found.max]);
  }
  return [
    `${chunk.experiment}, seed ${chunk.seed}: ${chunk.next - chunk.from} episodes, ${chunk.seconds} s`,
    faults.toString(),
    times.toString(),
    `${chunk.tasks} tasks, ${chunk.commits} outcomes, ${chunk.witnessEntries} entries of the witness, sequences ${JSON.stringify(chunk.sequences ?? {})}`,
    `overlaps ${JSON.stringify(chunk.overlaps)}, duplicates ${JSON.stringify(chunk.duplicates)}, stalls ${chunk.stalls}`,
    `undecided ${JSON.stringify(chunk.undecided)}`,
    `failures by the bounds of I8 ${JSON.stringify(chunk.failovers ?? {})}`,
    ...Object.entries(chunk.mistakes ?? {}).map(
      ([name, { foundBy }]) => `${name}: ${foundBy.length > 0 ? foundBy.join(', ') : 'not found'}`,
    ),
    ...(chunk.missedBars ?? []).map((missed) => `missed: ${missed}`),
    ...(chunk.missed ?? []).map((point) => `never reached: ${point}`),
    `${chunk.violations} violations, ${chunk.problems} problems`,
  ].join('\n');
}

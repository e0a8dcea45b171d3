import { addTo, type Chunk, type FaultCounts } from '../campaign/chunk.js';
import { percentiles } from '../measures/percentiles.js';
import { chunksSection } from './chunks-section.js';
import { everyStepSection, neverReached, type Censuses } from './every-step-section.js';
import { lossKinds } from './loss-kinds.js';
import { markdownTable } from './markdown-table.js';
import { mistakesSection } from './mistakes-section.js';
import { playedSection } from './played-section.js';
import { searchSection } from './search-section.js';
import { soakSection } from './soak-section.js';
import { timesSection } from './times-section.js';

/** What all chunks together found, as the generated part of docs/reliability.md. */
export function reliabilityReport(chunks: readonly Chunk[], censuses: Censuses = new Map()): string {
  if (chunks.length === 0) return 'No chunk of the campaign has been published yet.';
  const sections = [
    ['What was played', playedSection(chunks)],
    ...searchSection(chunks),
    ...mistakesSection(chunks),
    ['Faults by kind', faultTable(chunks)],
    ...timesSection(chunks),
    ['Every step', everyStepSection(chunks, censuses)],
    ['What was never reached', neverReached(chunks)],
    ...soakSection(chunks),
    ['What Redis lost', losses(chunks)],
    ['Tasks that ran more than once', duplicates(chunks)],
    ['Two handlers of a tag at the same time', overlaps(chunks)],
    ['What the histories do not say', undecided(chunks)],
    ['Chunks', chunksSection(chunks)],
    ['Where', machines(chunks)],
  ];
  return sections.map(([title, text]) => `### ${title}\n\n${text}`).join('\n\n');
}

function merged(
  chunks: readonly Chunk[],
  of: (chunk: Chunk) => Readonly<Record<string, number>>,
): [string, number][] {
  const all: Record<string, number> = {};
  for (const chunk of chunks) addTo(all, of(chunk));
  return Object.entries(all).sort(([, one], [, other]) => other - one);
}

function faultTable(chunks: readonly Chunk[]): string {
  const all: Record<string, FaultCounts> = {};
  for (const { faults } of chunks) {
    for (const [kind, { happened, hit, counted }] of Object.entries(faults)) {
      const total = (all[kind] ??= { happened: 0, hit: 0, counted: 0 });
      total.happened += happened;
      total.hit += hit;
      total.counted += counted;
    }
  }
  const rows = Object.entries(all).sort(([, one], [, other]) => other.counted - one.counted);
  return markdownTable(
    ['fault', 'tried', 'hit', 'count'],
    rows.map(([kind, { happened, hit, counted }]) => [kind, happened, hit, counted]),
  );
}

/** Of the acknowledged tasks, each time that Redis lost data on purpose. */
function losses(chunks: readonly Chunk[]): string {
  const rows = lossKinds.map(({ sample, what, promise }) => {
    const found = percentiles(chunks.flatMap(({ samples }) => samples[sample] ?? []));
    return found === undefined
      ? [what, promise, 0, '', '']
      : [what, promise, found.count, found.p50, found.max];
  });
  return `${markdownTable(['what', 'promise', 'cases', 'p50', 'max'], rows)}\n\n${aboutPromotion}`;
}

const aboutPromotion =
  'Promotion: the replica is cut off and follows no more, the master goes on for a while and is killed, and then what the ' +
  'replica has takes its place, under its address. Clients never face two masters that are both alive: what a network ' +
  'that is split in two does to Redis is not played.';

function duplicates(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['because of', 'times'],
    merged(chunks, (chunk) => chunk.duplicates),
  );
}

const aboutOverlaps =
  'Counted are pairs of handlers of which the later one started while the earlier one, of another process, had not ended: one ' +
  'of the two processes was still, or cut off, for longer than its lease, and the tag went elsewhere meanwhile. What stands ' +
  'still cannot be kept from going on where it was. Of such a pair only the worker that has the tag by then can record an ' +
  'outcome; the checker holds them to that, and takes a pair that no such fault explains for a violation (I1). Where the ' +
  'machine let a process stand still by itself, that is among `block`.';

function overlaps(chunks: readonly Chunk[]): string {
  const table = markdownTable(
    ['explained by', 'times'],
    merged(chunks, (chunk) => chunk.overlaps),
  );
  return `${aboutOverlaps}\n\n${table}`;
}

function undecided(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['invariant and reason', 'times'],
    merged(chunks, (chunk) => chunk.undecided),
  );
}

function machines(chunks: readonly Chunk[]): string {
  const lines = chunks.map(
    ({ machine: { processors, memoryGib, system, node, redis, library, bullmq } }) =>
      `- ${processors}, ${memoryGib} GiB, ${system}; Node ${node}, Redis ${redis}, bullmq ${bullmq}, nestjs-affinity-queue ${library}`,
  );
  return [...new Set(lines)].join('\n');
}

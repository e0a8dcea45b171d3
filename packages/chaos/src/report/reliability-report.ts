import { addTo, type Chunk, type FaultCounts } from '../campaign/chunk.js';
import { percentiles } from '../measures/percentiles.js';
import { lossKinds } from './loss-kinds.js';
import { markdownTable } from './markdown-table.js';
import { searchSection } from './search-section.js';
import { timesSection } from './times-section.js';

/** What all chunks together found, as the generated part of docs/reliability.md. */
export function reliabilityReport(chunks: readonly Chunk[]): string {
  if (chunks.length === 0) return 'No chunk of the campaign has been published yet.';
  const sections = [
    ['What was played', played(chunks)],
    ...searchSection(chunks),
    ['Faults by kind', faultTable(chunks)],
    ...timesSection(chunks),
    ['What was never reached', neverReached(chunks)],
    ['What Redis lost', losses(chunks)],
    ['Tasks that ran more than once', duplicates(chunks)],
    ['Two handlers of a tag at the same time', overlaps(chunks)],
    ['What the histories do not say', undecided(chunks)],
    ['Chunks', chunkTable(chunks)],
    ['Where', machines(chunks)],
  ];
  return sections.map(([title, text]) => `### ${title}\n\n${text}`).join('\n\n');
}

function sum(chunks: readonly Chunk[], of: (chunk: Chunk) => number): number {
  return chunks.reduce((total, chunk) => total + of(chunk), 0);
}

function merged(
  chunks: readonly Chunk[],
  of: (chunk: Chunk) => Readonly<Record<string, number>>,
): [string, number][] {
  const all: Record<string, number> = {};
  for (const chunk of chunks) addTo(all, of(chunk));
  return Object.entries(all).sort(([, one], [, other]) => other - one);
}

function played(chunks: readonly Chunk[]): string {
  const counted = sum(chunks, ({ faults }) =>
    Object.values(faults).reduce((total, fault) => total + fault.counted, 0),
  );
  return markdownTable(
    ['what', 'how many'],
    [
      ['faults that count', thousands(counted)],
      ['processes of instances', thousands(sum(chunks, ({ processes }) => processes))],
      ['tasks', thousands(sum(chunks, ({ tasks }) => tasks))],
      ['outcomes that Redis accepted', thousands(sum(chunks, ({ commits }) => commits))],
      ['state transitions that were checked', thousands(sum(chunks, ({ witnessEntries }) => witnessEntries))],
      ['sequences of scripts against the model', thousands(sum(chunks, ({ sequences }) => sequences))],
      ['**violations of an invariant**', thousands(sum(chunks, ({ violations }) => violations))],
      [
        'other problems: a queue that does not drain, a process that fails, a bar that is missed',
        sum(chunks, ({ problems }) => problems),
      ],
      [
        'instances that could not reach Redis at their start, because of a fault, and were started again',
        sum(chunks, ({ restarts }) => restarts),
      ],
      ['times that a process stood still because the machine was busy', sum(chunks, ({ stalls }) => stalls)],
    ],
  );
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

/** Points of "every step" that were missed, and not reached as often in later chunks. */
function neverReached(chunks: readonly Chunk[]): string {
  const own = chunks
    .filter(({ experiment }) => experiment === 'every-step')
    .sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1));
  if (own.length === 0) return 'No chunk of `every-step` has been published yet.';
  let points: string[] = [];
  for (const { missed, reached = {}, faults, startedAt } of own) {
    const left = { ...reached };
    points = points.filter((point) => {
      left[point] = (left[point] ?? 0) - 1;
      return left[point] < 0;
    });
    const tried = Object.values(faults).reduce((total, { happened, hit }) => total + happened - hit, 0);
    // Chunks of earlier versions only counted them.
    points.push(
      ...(missed ?? (tried > 0 ? [`${tried} points of the chunk of ${startedAt.slice(0, 16)}`] : [])),
    );
  }
  if (points.length === 0) return 'Nothing: every planned point of `every-step` was hit.';
  return points.map((point) => `- ${point}`).join('\n');
}

/** Of the acknowledged tasks, each time that Redis lost data on purpose. */
function losses(chunks: readonly Chunk[]): string {
  const rows = lossKinds.map(({ sample, what, promise }) => {
    const found = percentiles(chunks.flatMap(({ samples }) => samples[sample] ?? []));
    return found === undefined
      ? [what, promise, 0, '', '']
      : [what, promise, found.count, found.p50, found.max];
  });
  return markdownTable(['what', 'promise', 'cases', 'p50', 'max'], rows);
}

function duplicates(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['because of', 'times'],
    merged(chunks, (chunk) => chunk.duplicates),
  );
}

function overlaps(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['explained by', 'times'],
    merged(chunks, (chunk) => chunk.overlaps),
  );
}

function undecided(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['invariant and reason', 'times'],
    merged(chunks, (chunk) => chunk.undecided),
  );
}

function chunkTable(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['when', 'experiment', 'seed', 'episodes', 'minutes', 'faults', 'violations', 'problems'],
    chunks.map((chunk) => [
      chunk.startedAt.slice(0, 16).replace('T', ' '),
      chunk.experiment,
      chunk.seed,
      `${chunk.from}–${chunk.next - 1}`,
      Math.round(chunk.seconds / 60),
      Object.values(chunk.faults).reduce((total, { counted }) => total + counted, 0),
      chunk.violations,
      chunk.problems,
    ]),
  );
}

function machines(chunks: readonly Chunk[]): string {
  const lines = chunks.map(
    ({ machine: { processors, memoryGib, system, node, redis, library, bullmq } }) =>
      `- ${processors}, ${memoryGib} GiB, ${system}; Node ${node}, Redis ${redis}, bullmq ${bullmq}, nestjs-affinity-queue ${library}`,
  );
  return [...new Set(lines)].join('\n');
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

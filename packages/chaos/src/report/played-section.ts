import { addTo, countedIn, type Chunk } from '../campaign/chunk.js';
import { experiments } from '../experiments/index.js';
import type { SequenceKind } from '../experiments/model.js';
import { markdownTable } from './markdown-table.js';

const sequenceNames: Readonly<Record<SequenceKind, string>> = {
  invariants: 'each held against the invariants after every step',
  witness: 'each with the checker looking at what they witness',
  'lock-step': 'each in lock-step with the model that is searched',
};

/** What all chunks together were, and what of it each experiment was. */
export function playedSection(chunks: readonly Chunk[]): string {
  return [totals(chunks), ...problems(chunks), byExperiment(chunks)].join('\n\n');
}

function totals(chunks: readonly Chunk[]): string {
  return markdownTable(
    ['what', 'how many'],
    [
      ['faults that count', thousands(sum(chunks, countedIn))],
      ['processes of instances', thousands(sum(chunks, ({ processes }) => processes))],
      ['tasks', thousands(sum(chunks, ({ tasks }) => tasks))],
      ['outcomes that Redis accepted', thousands(sum(chunks, ({ commits }) => commits))],
      ['state transitions that were checked', thousands(sum(chunks, ({ witnessEntries }) => witnessEntries))],
      ...Object.entries(sequenceNames).map(([kind, name]): [string, string] => [
        `sequences of scripts, ${name}`,
        thousands(sum(chunks, ({ sequences }) => sequences?.[kind] ?? 0)),
      ]),
      [
        '**violations of an invariant** (what came of them: in the notes below the chunks)',
        thousands(sum(chunks, ({ violations }) => violations)),
      ],
      ...failovers(chunks),
      [
        'other problems: what must not happen and violates no invariant',
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

/** Of the chunks that counted them: what "no violation" says of I8. */
function failovers(chunks: readonly Chunk[]): [string, string][] {
  const judged = chunks.flatMap((chunk) => chunk.failovers ?? []);
  if (judged.length === 0) return [];
  const names = { inTime: 'over in time', late: 'late', excused: 'excused' } as const;
  return (['inTime', 'late', 'excused'] as const).map((kind) => [
    `failures by the bounds of I8, in the ${judged.length} chunks that counted them: ${names[kind]}`,
    thousands(judged.reduce((total, one) => total + one[kind], 0)),
  ]);
}

/** What the other problems were; nothing where there was none. */
function problems(chunks: readonly Chunk[]): string[] {
  const kinds: Record<string, number> = {};
  for (const { problemKinds = {}, problems: count } of chunks) {
    addTo(kinds, problemKinds);
    const known = Object.values(problemKinds).reduce((total, one) => total + one, 0);
    if (count > known) addTo(kinds, { 'not told apart by its chunk': count - known });
  }
  const lines = Object.entries(kinds).map(([kind, count]) => `- ${count} × ${kind}`);
  return lines.length === 0 ? [] : [`The other problems, by kind:\n\n${lines.join('\n')}`];
}

function byExperiment(chunks: readonly Chunk[]): string {
  const rows = experiments.flatMap(({ name, defaultFaults, countsSequences = false }) => {
    const own = chunks.filter(({ experiment }) => experiment === name);
    if (own.length === 0) return [];
    return [
      [
        `\`${name}\``,
        own.length,
        sum(own, ({ from, next }) => next - from),
        Math.round(sum(own, ({ seconds }) => seconds) / 60),
        thousands(sum(own, countedIn)),
        Number.isFinite(defaultFaults) && !countsSequences ? thousands(defaultFaults) : '',
      ],
    ];
  });
  return markdownTable(
    ['experiment', 'chunks', 'episodes', 'minutes', 'faults that count', 'of a run without `--faults`'],
    rows,
  );
}

function sum(chunks: readonly Chunk[], of: (chunk: Chunk) => number): number {
  return chunks.reduce((total, chunk) => total + of(chunk), 0);
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

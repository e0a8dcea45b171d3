import type { Chunk } from '../campaign/chunk.js';
import { tally } from '../measures/tally.js';
import { parts, type Step } from '../experiments/every-step/step.js';
import { unsentScripts } from '../experiments/every-step/unsent-scripts.js';
import { markdownTable } from './markdown-table.js';

/** What the census of a campaign saw, by the seed of the campaign: each step once, wherever it was sent. */
export type Censuses = ReadonlyMap<number, readonly Step[]>;

const aboutSteps =
  'A step is a script or a command that one part sends in one phase of its life: at its start, in its work, or at its stop. ' +
  'Each has two points: just before it reaches Redis, and just after. A point counts as hit when the process was killed ' +
  'there, and as missed when nothing led to it in any try.';

const aboutExcluded = 'Scripts of the library that no kill meets, each with the reason:';

/** How many steps there are, how many of their points were hit, and what is left out. */
export function everyStepSection(chunks: readonly Chunk[], censuses: Censuses): string {
  const own = ownChunks(chunks);
  const seeds = [...new Set(own.map(({ seed }) => seed))];
  const rows = seeds.map((seed) => {
    const steps = censuses.get(seed);
    const played = own.filter((chunk) => chunk.seed === seed);
    const kills = played.flatMap(({ faults }) => Object.values(faults));
    const tried = kills.reduce((sum, { happened }) => sum + happened, 0);
    return [
      seed,
      steps?.length ?? 'not kept',
      ...parts.map((part) => steps?.filter((step) => step.part === part).length ?? ''),
      steps === undefined ? '' : 2 * steps.length,
      differentPoints(played),
      tried,
      kills.reduce((sum, { hit }) => sum + hit, 0),
    ];
  });
  const ofParts = parts.map((part) => `of a ${part}`);
  const table = markdownTable(
    ['seed', 'steps', ...ofParts, 'points', 'of these hit', 'kills tried', 'kills that hit'],
    rows,
  );
  const excluded = markdownTable(['script', 'why'], Object.entries(unsentScripts));
  return [...(own.length > 0 ? [aboutSteps, table] : []), aboutExcluded, excluded].join('\n\n');
}

/** Points of "every step" that were missed, how often, and not reached as often in later chunks. */
export function neverReached(chunks: readonly Chunk[]): string {
  const own = ownChunks(chunks);
  if (own.length === 0) return 'No chunk of `every-step` has been published yet.';
  let points: string[] = [];
  const untold: string[] = [];
  for (const { missed, reached = {}, faults, startedAt } of own) {
    const left = { ...reached };
    points = points.filter((point) => {
      left[point] = (left[point] ?? 0) - 1;
      return left[point] < 0;
    });
    const tried = Object.values(faults).reduce((total, { happened, hit }) => total + happened - hit, 0);
    points.push(...(missed ?? []));
    // Chunks of earlier versions only counted them.
    if (missed === undefined && tried > 0)
      untold.push(`- ${tried} points of the chunk of ${startedAt.slice(0, 16)}`);
  }
  if (points.length + untold.length === 0) return 'Nothing: every planned point of `every-step` was hit.';
  const told = Object.entries(tally(points)).map(([point, times]) => `- ${times} × ${point}`);
  const list = [...told, ...untold].join('\n');
  return `Steps that the census saw, and that did not come again when somebody waited for them, and how often:\n\n${list}`;
}

/** Chunks of earlier versions do not say which they were. */
function differentPoints(chunks: readonly Chunk[]): number | string {
  if (chunks.some(({ reached, faults }) => reached === undefined && Object.keys(faults).length > 0))
    return 'not kept';
  return new Set(chunks.flatMap(({ reached }) => Object.keys(reached ?? {}))).size;
}

function ownChunks(chunks: readonly Chunk[]): Chunk[] {
  return chunks
    .filter(({ experiment }) => experiment === 'every-step')
    .sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1));
}

import { countedIn, type Chunk } from '../campaign/chunk.js';
import { markdownTable } from './markdown-table.js';

/** Every chunk, what has to be known about some of them, and of which code they are. */
export function chunksSection(chunks: readonly Chunk[]): string {
  const table = markdownTable(
    ['when', 'experiment', 'seed', 'episodes', 'minutes', 'faults', 'violations', 'I8', 'problems', 'commit'],
    chunks.map((chunk) => [
      when(chunk),
      chunk.experiment,
      chunk.seed,
      `${chunk.from}–${chunk.next - 1}`,
      Math.round(chunk.seconds / 60),
      countedIn(chunk),
      chunk.violations,
      failovers(chunk),
      chunk.problems,
      chunk.commit ?? '',
    ]),
  );
  const notes = chunks.flatMap((chunk) =>
    chunk.note === undefined ? [] : [`- ${when(chunk)}, \`${chunk.experiment}\`: ${chunk.note}`],
  );
  return [table, aboutFailovers, commits(chunks), ...(notes.length > 0 ? [notes.join('\n')] : [])].join(
    '\n\n',
  );
}

const aboutFailovers =
  'I8: failures that were over in time / late / excused, such as those that came together with another one. Late ones are ' +
  'violations. Empty where it was not counted yet.';

/** A chunk without failures says so too. */
function failovers({ failovers }: Chunk): string {
  if (failovers === undefined) return '';
  return `${failovers.inTime} / ${failovers.late} / ${failovers.excused}`;
}

function commits(chunks: readonly Chunk[]): string {
  const known = chunks.flatMap(({ commit }) => commit ?? []);
  const noted = `${known.length} of the ${chunks.length} chunks`;
  const changed = known.filter((commit) => commit.endsWith('+')).length;
  return (
    `Each chunk ran on the code of its time: ${noted} noted the commit, ` +
    `${new Set(known).size} different ones` +
    (changed > 0 ? `; ${changed} ran with changes on top of it (\`+\`)` : '') +
    (known.length < chunks.length ? '; the others are from before it was noted.' : '.')
  );
}

function when({ startedAt }: Chunk): string {
  return startedAt.slice(0, 16).replace('T', ' ');
}

import type { Chunk } from '../campaign/chunk.js';
import { markdownTable } from './markdown-table.js';

/** The deepest search of the model among the chunks; nothing where there was none. */
export function searchSection(chunks: readonly Chunk[]): [title: string, text: string][] {
  const [found] = chunks
    .flatMap(({ search }) => search ?? [])
    .sort((one, other) => other.depth - one.depth || other.states - one.states);
  if (found === undefined) return [];
  const { leaders, workers, tags, tasks, depth, states, transitions, seconds, isComplete, violations } =
    found;
  const world = `${leaders} leaders, ${workers} workers, ${tags} tags and ${tasks} tasks`;
  const text = `Everything that ${world} can do, breadth first. The runs in lock-step hold that model to the scripts.`;
  const table = markdownTable(
    ['what', 'how much'],
    [
      ['depth, in steps', isComplete ? `${depth} (nothing is beyond it)` : depth],
      [
        'states; those that differ only in the names of leaders, workers and tags count once',
        thousands(states),
      ],
      ['transitions', thousands(transitions)],
      ['seconds', seconds],
      ['violations', violations],
    ],
  );
  return [['The search of the model', `${text}\n\n${table}`]];
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

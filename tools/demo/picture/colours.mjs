/** Ten colours that stay apart, for the busiest tags; all others share greys, so that the eye can follow the ten. */
const DISTINCT = [
  '#4e79a7',
  '#f28e2b',
  '#e15759',
  '#76b7b2',
  '#59a14f',
  '#edc948',
  '#b07aa1',
  '#ff9da7',
  '#9c755f',
  '#1b9e9e',
];
const OTHERS = ['#c9cdd3', '#b7bcc4', '#d8dbe0'];

/**
 * @param {Map<string, unknown[]>} companies tag → its tasks
 * @returns {{ colourOf: (tag: string) => string, legend: { tag: string, colour: string, tasks: number }[] }}
 */
export function chooseColours(companies) {
  const ranked = [...companies].sort(([, a], [, b]) => b.length - a.length);
  const colours = new Map(ranked.map(([tag], rank) => [tag, DISTINCT[rank] ?? OTHERS[rank % OTHERS.length]]));
  return {
    colourOf: (tag) => colours.get(tag) ?? OTHERS[0],
    legend: ranked
      .slice(0, DISTINCT.length)
      .map(([tag, tasks]) => ({ tag, colour: colours.get(tag), tasks: tasks.length })),
  };
}

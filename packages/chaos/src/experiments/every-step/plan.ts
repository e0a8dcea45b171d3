import { SeededRandom } from '../../random/seeded-random.js';
import { describeStep, places, type Place, type Point, type Step } from './step.js';

const mostPointsPerEpisode = 60;
/** A step that comes often is met anywhere among its first occurrences. */
const latestOccurrence = 6;

/** The points of one episode. */
export interface PlannedEpisode {
  readonly place: Place;
  readonly points: readonly Point[];
}

/** Every step before and after, so many times, cut into episodes: the same for the same steps and seed. */
export function planEpisodes(
  steps: Readonly<Record<Place, readonly Step[]>>,
  seed: number,
  seedsPerPoint: number,
): PlannedEpisode[] {
  const random = new SeededRandom(seed);
  const points: Record<Place, Point[]> = { apart: [], 'one host': [] };
  const sent = {
    apart: new Set(steps.apart.map(describeStep)),
    'one host': new Set(steps['one host'].map(describeStep)),
  };
  const all = new Map([...steps.apart, ...steps['one host']].map((step) => [describeStep(step), step]));
  for (let round = 0; round < seedsPerPoint; round += 1) {
    // By turns in both places, where it is sent in both.
    const place = places[round % places.length]!;
    const other = places[(round + 1) % places.length]!;
    for (const [name, step] of all) {
      const isOften = round > 0 && step.phase === 'working';
      for (const when of ['before', 'after'] as const)
        points[sent[place].has(name) ? place : other].push({
          ...step,
          when,
          occurrence: isOften ? random.int(1, latestOccurrence) : 1,
        });
    }
  }
  return places.flatMap((place) => {
    const order = random.shuffled(points[place]);
    const count = Math.ceil(order.length / mostPointsPerEpisode);
    const each = Math.ceil(order.length / count);
    return Array.from({ length: count }, (_, index) => ({
      place,
      points: order.slice(index * each, (index + 1) * each),
    }));
  });
}

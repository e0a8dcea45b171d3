import type { Chunk } from '../campaign/chunk.js';
import { growthBounds } from '../measures/growth.js';
import { soakSamples } from '../experiments/soak-samples.js';
import { markdownTable } from './markdown-table.js';

const about =
  'Memory is read every five seconds: that of two instances that live through all of it, and that of Redis. The slope is ' +
  'that of the last two thirds; the first third warms up. Keys other than those that [Keys in Redis](reference/redis-keys.md) ' +
  'names would be violations (I10), connections other than the documented ones a problem. Chunks from before these were ' +
  'written down say nothing of them.';

const growing = /^(memory of .+), KiB$/;

/** What grew in the soaks and what was left; nothing where there was none. */
export function soakSection(chunks: readonly Chunk[]): [title: string, text: string][] {
  const soaks = chunks.filter(({ experiment }) => experiment === 'soak');
  if (soaks.length === 0) return [];
  const memory = soaks.flatMap((chunk) =>
    Object.entries(chunk.samples).flatMap(([name, series]) => {
      const what = growing.exec(name)?.[1];
      if (what === undefined) return [];
      const bound = what.endsWith('Redis') ? growthBounds.redis : growthBounds.instance;
      const third = Math.floor(series.length / 3);
      return [
        [
          when(chunk),
          what,
          mean(series.slice(0, third)),
          mean(series.slice(series.length - third)),
          chunk.samples[`${what}, KiB in an hour`]?.[0] ?? '',
          bound / 2 ** 10,
        ],
      ];
    }),
  );
  const left = soaks.flatMap((chunk) =>
    Object.values(soakSamples).flatMap((name) => {
      const [count] = chunk.samples[name] ?? [];
      return count === undefined ? [] : [[when(chunk), name, count]];
    }),
  );
  const tables = [
    markdownTable(
      ['chunk', 'memory', 'first third, KiB', 'last third, KiB', 'KiB in an hour', 'at most'],
      memory,
    ),
    ...(left.length > 0 ? [markdownTable(['chunk', 'what was left', 'how many'], left)] : []),
  ];
  return [['The soak', [about, ...tables].join('\n\n')]];
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
}

function when({ startedAt }: Chunk): string {
  return startedAt.slice(0, 16).replace('T', ' ');
}

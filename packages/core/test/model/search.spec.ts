import { describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import type { Mistake } from './batches.js';
import { canonical } from './canonical.js';
import { search } from './search.js';
import { idleState } from './state.js';

/** `AFFINITY_SEARCH_DEPTH` looks further; each step takes more than twice as long as the one before. */
const usualDepth = 9;
const { AFFINITY_SEARCH_DEPTH = String(usualDepth), AFFINITY_SEARCH_REPORT } = process.env;
const depth = Number(AFFINITY_SEARCH_DEPTH);
const bounds = { leaders: 2, workers: 2, tags: 2, tasks: 3, depth };

/** New states at each depth: any change of the model changes some of them. */
const sizes = [1, 8, 41, 169, 601, 1_827, 4_978, 12_925, 32_543, 76_603];
const transitions = 793_768;

describe('the search over everything that two leaders, two workers, two tags and three tasks can do', () => {
  it(
    'finds nothing that must not happen, in as many states as it always has',
    () => {
      const startedAt = performance.now();
      const { violation, ...found } = search(bounds);
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      // Where the last depth had new states, there are more beyond it.
      const isComplete = found.frontier.at(-1) === 0;
      const figures = {
        ...{ ...bounds, ...found, seconds, isComplete },
        violations: violation === undefined ? 0 : 1,
      };
      if (AFFINITY_SEARCH_REPORT) writeFileSync(AFFINITY_SEARCH_REPORT, JSON.stringify(figures));
      expect(violation).toBeUndefined();
      expect(found.frontier.slice(0, sizes.length)).toEqual(sizes.slice(0, depth + 1));
      if (depth === usualDepth) expect(found.transitions).toBe(transitions);
      expect(found.frontier).toHaveLength(depth + 1);
    },
    120_000 * 2 ** Math.max(0, depth - usualDepth),
  );

  it('takes states for the same that differ only in names', () => {
    const state = idleState(2, 2, 2, 2);
    const swapped = {
      ...idleState(2, 2, 2, 2),
      beliefs: [0, 1] as (0 | 1)[],
      lock: 1,
      ring: [1],
      lists: [[], [0]],
      tagOf: [1],
    };
    const same = {
      ...swapped,
      beliefs: [1, 0] as (0 | 1)[],
      lock: 0,
      ring: [0],
      lists: [[0], []],
      tagOf: [0],
    };
    expect(canonical(swapped)).toBe(canonical(same));
    expect(canonical(swapped)).not.toBe(canonical(state));
    expect(canonical({ ...swapped, lock: -1 })).not.toBe(canonical(same));
  });

  const mistakes: [Mistake, string][] = [
    ['no fence', 'I5'],
    ['tail on recovery', 'I2'],
    ['tail on retry', 'I2'],
    ['one too many in a batch', 'I6'],
    ['top-up of a full batch', 'I6'],
    ['release forgets the rest', 'I3'],
    ['recovery forgets the look-ahead', 'I3'],
    ['bind beside the owner', 'I'],
    ['zombies may commit', 'I3'],
  ];
  it.each(mistakes)('would find "%s" no deeper than that', (mistake, invariant) => {
    const leaders = mistake === 'no fence' ? 2 : 1;
    const { violation } = search({ ...bounds, depth: usualDepth, leaders, mistake });
    expect(violation?.what).toContain(invariant);
    expect(violation?.steps.length).toBeGreaterThan(1);
  });

  it('would find that a tag has more than its turn, for which there must be three', () => {
    const without = /pause|remove|crash|retire|recover|expire|resign|retry/;
    const three = { leaders: 1, workers: 1, tags: 3, tasks: 4, depth: 12, without };
    expect(search({ ...three, mistake: 'a released tag goes first' }).violation?.what).toContain('I7');
    expect(search(three).violation).toBeUndefined();
  });
});

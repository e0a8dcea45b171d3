import { describe, expect, it } from '@jest/globals';
import type { Mistake } from './queue.js';
import { search } from './search.js';
import { canonical, emptyState } from './state.js';

/** `AFFINITY_SEARCH_DEPTH` looks further; each step takes about twice as long as the one before. */
const depth = Number(process.env.AFFINITY_SEARCH_DEPTH ?? 9);
const bounds = { leaders: 2, workers: 2, tags: 2, tasks: 3, depth };

describe('the search over everything that two leaders, two workers, two tags and three tasks can do', () => {
  it('finds nothing that must not happen', () => {
    const found = search(bounds);
    expect(found.violation).toBeUndefined();
    console.info(`${found.states} states, ${found.transitions} transitions: ${found.frontier.join(', ')}`);
    expect(found.frontier).toHaveLength(depth + 1);
    expect(found.states).toBeGreaterThan(1);
  });

  it('takes states for the same that differ only in names', () => {
    const state = emptyState(2, 2, 2);
    const swapped = {
      ...emptyState(2, 2, 2),
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
  it.each(mistakes)('would find "%s"', (mistake, invariant) => {
    const { violation } = search({ ...bounds, depth: 12, leaders: mistake === 'no fence' ? 2 : 1, mistake });
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

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { ModelQueue } from '../../../../model/queue.js';
import { unsound } from '../../../../model/search.js';
import { emptyState, type ModelState } from '../../../../model/state.js';
import { apply, steps, type Step } from '../../../../model/steps.js';
import type { Harness } from '../harness.js';
import { LuaQueue } from './lua-queue.js';
import { found, predicted, type Picture } from './picture.js';

/** What happens: numbers that choose the kind of the step, one of those that can happen, and a variant. */
export type Choice = readonly [kind: number, which: number, how: number];

const tags = ['plain', ': { } * ? [ab]* \\', '__proto__', 'two words'];
const [leaders, workers, tasks] = [2, 3, 40];

/** What a queue does most of the time comes most often; and most of the time somebody leads. */
const weights: Record<Step[0], number> = {
  ...{ add: 15, addAtOnce: 25, dispatch: 40, take: 50, complete: 120, fail: 0, retry: 25, backOffEnds: 30 },
  ...{ elect: 3, expire: 1, resign: 1, register: 30, crash: 2, recover: 4, retire: 1, leave: 2 },
  ...{ zombieCommits: 100, remove: 4, pause: 3, resume: 12, lookAheadsWait: 12 },
};
const weightOfAnElection = 200;
export const kinds = Object.keys(weights) as Step[0][];
const largest = 9_999;

/** A sequence of steps and the size of batches. */
export function sequences(): fc.Arbitrary<[choices: Choice[], maxBatchSize: number]> {
  const number = fc.noBias(fc.nat({ max: largest }));
  const choices = fc.array(fc.tuple(number, number, number), { minLength: 20, maxLength: 80, size: 'max' });
  return fc.tuple(choices, fc.integer({ min: 1, max: 4 }));
}

/**
 * The model that is searched and the scripts, side by side: each takes the same steps, answers the same, and then the one is
 * to be what the other predicts.
 */
export class LockStep {
  readonly #state: ModelState;
  readonly #lua: LuaQueue;
  readonly #taken: Step[] = [];

  constructor(harness: Harness, maxBatchSize: number) {
    this.#state = emptyState(leaders, workers, tags.length, maxBatchSize);
    this.#lua = new LuaQueue(harness, leaders, workers, tags, maxBatchSize);
  }

  /** @returns the kinds of the steps that were taken */
  async play(choices: readonly Choice[]): Promise<Step[0][]> {
    await this.#lua.start();
    for (const first of [
      ['elect', 0],
      ['register', 0],
      ['register', 1],
    ] as const)
      await this.#take(first);
    for (const [kind, which, how] of choices) {
      const possible = this.#chosen(kind);
      await this.#take(varied(possible[which % possible.length]!, how));
    }
    return this.#taken.map(([kind]) => kind);
  }

  /** What can happen of one kind, chosen by its weight among the kinds that are possible. */
  #chosen(kind: number): Step[] {
    const byKind = new Map<Step[0], Step[]>();
    for (const step of [...steps(this.#state, tasks), ...this.#repeats()])
      byKind.set(step[0], [...(byKind.get(step[0]) ?? []), step]);
    const weightOf = (name: Step[0]): number =>
      name === 'elect' && this.#state.lock < 0 ? weightOfAnElection : weights[name];
    const total = [...byKind.keys()].reduce((sum, name) => sum + weightOf(name), 0);
    let left = (kind / (largest + 1)) * total;
    for (const [name, ofKind] of byKind) {
      left -= weightOf(name);
      if (left < 0) return ofKind;
    }
    throw new Error('nothing can happen');
  }

  /** The search leaves out what changes nothing: a worker takes again what it runs. */
  #repeats(): Step[] {
    const running = [...this.#state.workers.entries()].filter(([, one]) => one.status === 1 && one.cur >= 0);
    return running.map(([index]) => ['take', index]);
  }

  async #take(step: Step): Promise<void> {
    this.#taken.push(step);
    const wrong: string[] = [];
    const expected = apply(step, new ModelQueue(this.#state, (what) => wrong.push(what)));
    const broken = unsound(this.#state);
    if (broken !== undefined) wrong.push(broken);
    const [name, ...args] = step;
    const call = this.#lua[name] as (...args: readonly unknown[]) => Promise<unknown>;
    const answer = await call.apply(this.#lua, args);
    if (answer !== expected) wrong.push(`${name} answers ${String(answer)}, not ${String(expected)}`);
    const should = predicted(this.#state, this.#lua, tags);
    const is = await found(this.#lua, tags, this.#state.tagOf.length);
    wrong.push(...differences(is, should));
    if (wrong.length > 0)
      throw new Error([...wrong, 'after', ...this.#taken.map((taken) => taken.join(' '))].join('\n'));
  }
}

/** Long tasks, failed ones, attempts without a back-off, and workers that take the next task at once. */
function varied(step: Step, how: number): Step {
  const [isShort, takes] = [how % 5 !== 0, how % 2 === 0];
  if (step[0] === 'complete') return [how % 7 === 0 ? 'fail' : 'complete', step[1], isShort, takes];
  if (step[0] === 'retry') return ['retry', step[1], isShort, takes, how % 4 !== 0];
  return step;
}

function differences(is: Picture, should: Picture): string[] {
  return (Object.keys(should) as (keyof Picture)[]).flatMap((part) =>
    isDeepStrictEqual(is[part], should[part])
      ? []
      : [`${part}: it is ${JSON.stringify(is[part])} and should be ${JSON.stringify(should[part])}`],
  );
}

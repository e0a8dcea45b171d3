import { describe, expect, it } from '@jest/globals';
import { toldBy } from '../bullmq/completion-group.js';
import type { QueueContext } from '../redis/queue-context.js';
import { Completions } from './completions.js';

const workers = 75;

/** All workers at once, in three groups of 25, which Redis answers in the same moment. */
class Rounds {
  readonly #answers: (() => void)[] = [];
  readonly #completions: Completions;
  #nowMs = 0;
  /** The process does other things too: every turn of the event loop takes long. */
  isBusy = false;
  /** Of each completion. */
  sizeOf: (worker: number) => number = () => 0;
  /** What its script is to do next. */
  takesOf: (worker: number) => string = () => '1';
  /** How many tasks each script had. */
  readonly sizes: number[] = [];

  constructor() {
    const run = async (_script: string, { args }: { readonly args: readonly unknown[] }) => {
      await new Promise<void>((resolve) => this.#answers.push(resolve));
      const tasks = toldBy(args).length;
      this.sizes.push(tasks);
      return Array.from({ length: tasks }, () => 0);
    };
    const context = { nodeId: 'node', scripts: { run }, options: { workerCount: workers } };
    const onError = (error: unknown): never => {
      throw error;
    };
    const nowMs = () => (this.#nowMs += this.isBusy ? 20 : 0.1);
    this.#completions = new Completions(context as unknown as QueueContext, onError, nowMs);
  }

  /** @returns in how many turns of the event loop the workers had their answers */
  async turns(): Promise<number> {
    let turn = 0;
    let counter = setImmediate(function count() {
      turn += 1;
      counter = setImmediate(count);
    });
    const answered = Array.from({ length: workers }, async (_, i) => {
      const size = this.sizeOf(i);
      const args = [`w${i}`, '', `t${i}`, '', '', ':', 'null'];
      await this.#completions.commit({
        workerId: `w${i}`,
        jobId: `t${i}`,
        takes: this.takesOf(i),
        args,
        size,
        abandoned: () => undefined,
      });
      return turn;
    });
    await new Promise((resolve) => setImmediate(resolve));
    for (const answer of this.#answers.splice(0)) answer();
    const turns = new Set(await Promise.all(answered));
    // The last of them is over.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    clearImmediate(counter);
    return turns.size;
  }
}

describe('Completions', () => {
  it('passes on answers that come together one group in each turn of the event loop', async () => {
    const rounds = new Rounds();
    expect([await rounds.turns(), await rounds.turns()]).toEqual([3, 3]);
  });

  it('passes all of them on at once while turns are long', async () => {
    const rounds = new Rounds();
    rounds.isBusy = true;
    expect([await rounds.turns(), await rounds.turns(), await rounds.turns()]).toEqual([2, 1, 1]);
    rounds.isBusy = false;
    expect([await rounds.turns(), await rounds.turns()]).toEqual([1, 3]);
  });

  it('puts fewer of them into a script where tasks are large', async () => {
    const rounds = new Rounds();
    rounds.sizeOf = () => 100_000;
    await rounds.turns();
    expect(rounds.sizes).toEqual([...Array.from({ length: 37 }, () => 2), 1]);
    rounds.sizes.length = 0;
    rounds.sizeOf = () => 100;
    await rounds.turns();
    expect(rounds.sizes).toEqual([25, 25, 25]);
  });

  it('puts those into one script that go on alike', async () => {
    const rounds = new Rounds();
    rounds.takesOf = (worker) => (worker % 5 === 0 ? '1:1' : '1');
    await rounds.turns();
    expect(rounds.sizes).toEqual([5, 20, 5, 20, 5, 20]);
  });

  it('puts one that is large alone into a script', async () => {
    const rounds = new Rounds();
    rounds.sizeOf = (worker) => (worker === 20 ? 500_000 : 8_000);
    await rounds.turns();
    expect(rounds.sizes).toEqual([20, 1, 25, 25, 4]);
  });
});

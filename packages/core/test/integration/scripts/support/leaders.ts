import { layoutVersion } from '../../../../src/redis/queue-keys.js';
import type { Harness } from './harness.js';

const ttlMs = 600_000;

/** Leaders that follow one another by the scripts of the election; the harness acts for the present one. */
export class Leaders {
  readonly #deposed = ['old:0'];
  #elected = 0;

  constructor(private readonly harness: Harness) {}

  /** A candidate takes the lock, which is free. */
  async elect(): Promise<void> {
    await this.#acquire('');
  }

  /** A candidate takes the lock from a leader that shows no life, and goes on sending. */
  async takeOver(): Promise<void> {
    const before = this.harness.leader;
    await this.#acquire(before);
    this.#deposed.push(before);
  }

  async resign(): Promise<void> {
    const { harness } = this;
    await harness.run('resignLeadership', { caller: harness.leader, keys: this.#keys });
    this.#deposed.push(harness.leader);
  }

  /** Everything that a leader sends, from one that is none any more. */
  callsOfADeposed(which: number, how: number, worker: string): (() => Promise<unknown>)[] {
    const { harness } = this;
    const leader = this.#deposed[which % this.#deposed.length]!;
    const calls = [
      () => harness.dispatch({ leader }),
      () => harness.recover(worker, { leader }),
      () => harness.run('setLimits', { caller: leader, args: [3] }),
      () =>
        harness.run('renewLeadership', { caller: leader, keys: this.#keys.slice(0, 2), args: [ttlMs, '{}'] }),
      () => harness.run('resignLeadership', { caller: leader, keys: this.#keys }),
    ];
    return [calls[how % calls.length]!];
  }

  get #keys(): string[] {
    const { electionEpoch, leaderInfo, electionVacancy } = this.harness.keys;
    return [electionEpoch, leaderInfo, electionVacancy];
  }

  async #acquire(lifeless: string): Promise<void> {
    const { harness } = this;
    const node = `leader-${++this.#elected}`;
    const info = (await harness.redis.get(harness.keys.leaderInfo)) ?? '';
    const args = [ttlMs, `{"nodeId":"${node}","epoch":__EPOCH__}`, lifeless, layoutVersion, info];
    const before = harness.leader;
    const reply = await harness.run('acquireLeadership', { caller: node, keys: this.#keys, args });
    const [won, lockValue] = reply as [number, string];
    if (won !== 1) throw new Error(`${node} was not elected: ${lockValue} holds the lock`);
    harness.leader = lockValue;
    const [old = 0, now = 0] = [before, lockValue].map((value) => Number(value.split(':')[1]));
    if (now <= old) throw new Error(`the epoch went from ${old} to ${now}`);
  }
}

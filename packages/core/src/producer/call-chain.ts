import type { NewJob } from '../bullmq/job-adder.js';
import type { ScriptArgument } from '../redis/script-runner.js';

/** Of fewer tasks Redis looks for the ids as fast as for the chain. */
const fewestTasks = 20;

/** Where a call of `addTasks` stands among the others of its writer; the header of the script says what that is good for. */
export interface ChainLink {
  /** Its first arguments. */
  readonly args: readonly [chain: string, number: ScriptArgument];
  /** Sees the script's reply. */
  answered(reply: unknown): void;
  /** Sees that there is none: the chain is left. */
  failed(): void;
}

const onNoChain: ChainLink = { args: ['', ''], answered: () => undefined, failed: () => undefined };

/** Numbers the calls of one writer. Each call is linked when it is sent, not before. */
export class CallChain {
  #name = '';
  #calls = 0;

  link(newJobs: readonly NewJob[]): ChainLink {
    if (newJobs.length < fewestTasks || !newJobs.every(({ isIdDrawn }) => isIdDrawn)) return onNoChain;
    const name = this.#name;
    this.#calls += 1;
    return {
      args: [name, this.#calls],
      answered: (reply) => {
        // Several calls that were under way on the same chain may be granted another one each.
        if (this.#name === name && Array.isArray(reply)) this.#begin(String(reply[1]));
      },
      failed: () => {
        if (this.#name === name) this.#begin('');
      },
    };
  }

  #begin(name: string): void {
    this.#name = name;
    this.#calls = 0;
  }
}

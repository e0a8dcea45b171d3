import type { WitnessEntry } from '../witness.js';
import type { CheckContext } from './check.js';
import type { WitnessedState } from './witnessed-state.js';

/**
 * I7: between a tag becoming ready and its bind, every other tag is bound at most once. The tag that has been ready for longest
 * shows it: whoever was bound twice since it became ready had more than a turn.
 */
export class WitnessedTurns {
  /** Ready tags, the one that has been for longest first, and the number of the bind before they became so. */
  readonly #ready = new Map<string, number>();
  /** The numbers and entries of the latest binds of each tag; a look-ahead that was taken back is none. */
  readonly #binds = new Map<string, { number: number; entry: WitnessEntry }[]>();
  #number = 0;

  constructor(
    private readonly context: CheckContext,
    private readonly state: WitnessedState,
  ) {}

  get hasSeenBinds(): boolean {
    return this.#number > 0;
  }

  bound(tag: string, entry: WitnessEntry): void {
    this.#number += 1;
    this.#ready.delete(tag);
    const [before] = (this.#binds.get(tag) ?? []).slice(-1);
    this.#binds.set(tag, [...(before ? [before] : []), { number: this.#number, entry }]);
    const [longest] = this.#ready;
    if (before === undefined || longest === undefined) return;
    const [waiting, since] = longest;
    if (since >= before.number) return;
    const message = `tag ${tag} was bound twice while tag ${waiting} was ready`;
    this.context.findings.violation('I7', message, [before.entry, entry]);
  }

  /** The look-ahead was no turn. */
  dropped(tag: string): void {
    this.#binds.get(tag)?.pop();
  }

  /** The tag goes to the front of the ring for another reason than its turn. */
  excuse(tag: string): void {
    this.#binds.delete(tag);
  }

  /** To be called after everything that can change whether a tag is ready. */
  look(tag: string): void {
    const isReady = this.state.isReady(tag, this.context.processes.limitOf(tag));
    if (!isReady) this.#ready.delete(tag);
    else if (!this.#ready.has(tag)) this.#ready.set(tag, this.#number);
  }
}

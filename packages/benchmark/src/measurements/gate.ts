import type { BenchHandler } from '../peers/peer.js';

/** Holds every handler back but those that it is told to let pass. */
export class Gate {
  #free = 0;
  readonly #held: (() => void)[] = [];
  #onHeld: (() => void) | undefined;

  readonly handler: BenchHandler = () => {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    return new Promise<void>((resolve) => {
      this.#held.push(resolve);
      this.#onHeld?.();
    });
  };

  /** Lets so many tasks pass; resolves when they have, and all lanes hold their next task. */
  async pass(count: number, lanes: number): Promise<void> {
    const allHeld = new Promise<void>((resolve) => {
      this.#onHeld = () => {
        if (this.#held.length === lanes) resolve();
      };
    });
    this.#free += count;
    while (this.#free > 0 && this.#held.length > 0) {
      this.#free -= 1;
      this.#held.shift()?.();
    }
    if (count === 0 && this.#held.length === lanes) return;
    await allHeld;
  }
}

/** A flag that one waiter at a time can wait for; setting it while nobody waits is remembered. */
export class WakeSignal {
  #set = false;
  #resolve: ((woken: boolean) => void) | undefined;

  set(): void {
    if (this.#resolve) this.#finish(true);
    else this.#set = true;
  }

  /** Ends a wait that is going on; does nothing where there is none. */
  interrupt(): void {
    if (this.#resolve) this.#finish(false);
  }

  /** Resolves to `true` when set, `false` when interrupted. */
  async wait(): Promise<boolean> {
    if (this.#set) {
      this.#set = false;
      return true;
    }
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  #finish(woken: boolean): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(woken);
  }
}

/** Wakes the dispatch loop: by a marker, after a time, or because the term is over. Remembers a marker that came early. */
export class DispatchSignal {
  #set = false;
  #finish: (() => void) | undefined;

  constructor(private readonly over: AbortSignal) {
    over.addEventListener('abort', () => {
      this.#finish?.();
    });
  }

  set(): void {
    this.#set = true;
    this.#finish?.();
  }

  /** Waits for a marker, at most so long. */
  async wait(ms: number): Promise<void> {
    if (!this.#set) await this.pause(ms);
    this.#set = false;
  }

  /** Waits so long, or until a marker comes; does not use the marker up. */
  async pause(ms: number): Promise<void> {
    if (this.over.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#finish = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#finish = undefined;
  }
}

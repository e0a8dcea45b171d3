/** Calls `beat` at a steady interval, never twice at once; a failed beat is reported and the next one is tried. */
export class Heartbeat {
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly beat: () => Promise<void>,
    private readonly onError: (error: unknown) => void,
    /** A beat got through, so long (ms) after it was due. */
    private readonly onBeat: (delayMs: number) => void = () => undefined,
  ) {}

  start(): void {
    this.stop();
    this.#schedule(this.#generation);
  }

  stop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
  }

  #schedule(generation: number): void {
    const dueAt = performance.now() + this.intervalMs;
    this.#timer = setTimeout(() => {
      this.beat()
        .then(() => {
          this.onBeat(performance.now() - dueAt);
        })
        .catch(this.onError)
        .finally(() => {
          if (generation === this.#generation) this.#schedule(generation);
        });
    }, this.intervalMs);
  }
}

/** However often somebody asks for one. */
const soonMs = 100;

/** Calls `beat` at a steady interval, never twice at once; a failed beat is reported and the next one is tried. */
export class Heartbeat {
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;
  /** By `performance.now()`. */
  #dueAt = 0;
  #beating = false;
  #asked = false;

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
    this.#dueAt = 0;
    clearTimeout(this.#timer);
  }

  /** The next beat comes a moment from now, or when it is due if that is sooner. */
  soon(): void {
    if (this.#beating) this.#asked = true;
    else if (this.#dueAt - performance.now() > soonMs) this.#schedule(this.#generation, soonMs);
  }

  #schedule(generation: number, inMs = this.intervalMs): void {
    clearTimeout(this.#timer);
    const dueAt = (this.#dueAt = performance.now() + inMs);
    this.#timer = setTimeout(() => {
      this.#beating = true;
      this.beat()
        .then(() => {
          this.onBeat(performance.now() - dueAt);
        })
        .catch(this.onError)
        .finally(() => {
          this.#beating = false;
          if (generation !== this.#generation) return;
          this.#schedule(generation, this.#asked ? Math.min(soonMs, this.intervalMs) : this.intervalMs);
          this.#asked = false;
        });
    }, inMs);
  }
}

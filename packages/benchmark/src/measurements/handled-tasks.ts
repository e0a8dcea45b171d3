import { pause } from '../instruments/until.js';
import type { BenchHandler } from '../peers/peer.js';

/** A handler that counts, waits for so long (0: not at all), and sees whether the order within tags is kept. */
export class HandledTasks {
  /** The first `warmUpTasks` of them have ended. */
  readonly warm: Promise<void>;
  readonly done: Promise<void>;
  firstStartMs: number | undefined;
  lastEndMs = 0;
  outOfOrder = 0;
  /** So many have ended. */
  ended = 0;
  readonly #expected: number;
  readonly #warmUpTasks: number;
  #finish!: () => void;
  #warmedUp!: () => void;
  readonly #latestOfTag = new Map<string, number>();

  constructor(expected: number, handlerMs = 0, warmUpTasks = 0) {
    this.#expected = expected;
    this.#warmUpTasks = warmUpTasks;
    this.done = new Promise((resolve) => (this.#finish = resolve));
    this.warm = new Promise((resolve) => (this.#warmedUp = resolve));
    this.handler = handlerMs === 0 ? this.#instant : this.#waiting(handlerMs);
  }

  readonly handler: BenchHandler;

  readonly #instant: BenchHandler = ({ tag, payload }) => {
    this.#started(tag, payload.n);
    this.#ended();
  };

  #waiting(ms: number): BenchHandler {
    return async ({ tag, payload }) => {
      this.#started(tag, payload.n);
      await pause(ms);
      this.#ended();
    };
  }

  #started(tag: string, n: number): void {
    this.firstStartMs ??= performance.now();
    const latest = this.#latestOfTag.get(tag);
    if (latest !== undefined && n <= latest) this.outOfOrder += 1;
    else this.#latestOfTag.set(tag, n);
  }

  #ended(): void {
    this.ended += 1;
    if (this.ended === this.#warmUpTasks) this.#warmedUp();
    if (this.ended < this.#expected) return;
    this.lastEndMs = performance.now();
    this.#finish();
  }
}

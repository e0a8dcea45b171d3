import type { Socket } from 'node:net';

/** What happens to the bytes of one direction, on all connections of an instance. */
export class Line {
  #hole: Promise<void> | undefined;
  #fill: (() => void) | undefined;
  delayMs = 0;
  /** Since the last time that somebody asked for the line to be bad. */
  affected = 0;

  get isBlackHole(): boolean {
    return this.#hole !== undefined;
  }

  /** Nothing arrives any more. */
  open(): void {
    this.affected = 0;
    this.#hole ??= new Promise((resolve) => (this.#fill = resolve));
  }

  /** What was on its way arrives now. */
  heal(): void {
    this.#fill?.();
    this.#hole = this.#fill = undefined;
    this.delayMs = 0;
  }

  /** Resolves when a value that enters now comes out; nothing if that is at once. */
  passage(): Promise<void> | undefined {
    const { delayMs } = this;
    const hole = this.#hole;
    if (hole === undefined && delayMs === 0) return undefined;
    this.affected += 1;
    if (hole !== undefined) return hole;
    return new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** One direction of one connection: values come out in the order in which they went in. */
export class Lane {
  #tail: Promise<void> | undefined;
  #waiting = 0;

  constructor(
    private readonly line: Line,
    private readonly to: Socket,
  ) {}

  /** @param arrived - told when it has been passed on */
  send(frame: Buffer, arrived?: () => void): void {
    const passage = this.line.passage();
    if (passage === undefined && this.#waiting === 0) {
      this.#write(frame, arrived);
      return;
    }
    this.#waiting += 1;
    this.#tail = Promise.all([this.#tail, passage]).then(() => {
      this.#waiting -= 1;
      this.#write(frame, arrived);
    });
  }

  /** Resolves when all that was sent has been passed on. */
  get idle(): Promise<void> {
    return this.#tail ?? Promise.resolve();
  }

  #write(frame: Buffer, arrived?: () => void): void {
    if (this.to.writable) this.to.write(frame);
    arrived?.();
  }
}

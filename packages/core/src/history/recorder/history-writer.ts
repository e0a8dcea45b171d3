import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Records that say what has happened already may wait so long, or until so many bytes have come together. */
const flushAfterMs = 20;
const bufferedBytes = 65_536;

/**
 * Appends lines to a file, in order, so that a process that is killed leaves every line but perhaps the last one whole. Writes
 * are synchronous: what has been flushed is with the operating system and outlives the process.
 */
export class HistoryWriter {
  readonly #file: number;
  #lines: string[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws when the file is there already: a history belongs to one process */
  constructor(path: string) {
    this.#file = openSync(path, 'ax');
  }

  append(line: string): void {
    if (this.#closed) return;
    this.#lines.push(line, '\n');
    this.#bytes += line.length;
    if (this.#bytes >= bufferedBytes) this.flush();
    else this.#timer ??= this.#flushLater();
  }

  /** What is buffered goes to the operating system now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0 || this.#closed) return;
    const data = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#bytes = 0;
    for (let written = 0; written < data.length;) written += writeSync(this.#file, data, written);
  }

  /** Everything is on the disk when this returns; nothing is appended any more. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #flushLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.flush();
    }, flushAfterMs).unref();
  }
}

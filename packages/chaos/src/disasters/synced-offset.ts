const call = /^(\d+)\s+(write|fdatasync|fsync)\(.*\)\s+= (-?\d+)/;
const begun = /^(\d+)\s+(write|fdatasync|fsync)\(.*<unfinished \.\.\.>$/;
const ended = /^(\d+)\s+<\.\.\. (write|fdatasync|fsync) resumed>.*= (-?\d+)/;

/**
 * How much of a file is certainly on the disk, by the system calls of those who write it: what had been written when the last
 * call began that put it there and returned.
 */
export class SyncedOffset {
  synced: number;
  #written: number;
  /** What had been written when the call of a thread began. */
  readonly #begun = new Map<string, number>();

  constructor(sizeBefore: number) {
    this.synced = this.#written = sizeBefore;
  }

  /** @param line - of strace */
  see(line: string): void {
    const start = begun.exec(line);
    if (start !== null) {
      this.#begun.set(start[1]!, this.#written);
      return;
    }
    const [, thread = '', name, result] = call.exec(line) ?? ended.exec(line) ?? [];
    if (name === undefined || Number(result) < 0) return;
    if (name === 'write') this.#written += Number(result);
    else this.synced = Math.max(this.synced, this.#begun.get(thread) ?? this.#written);
    this.#begun.delete(thread);
  }
}

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../paths.js';

const source = join(packageFolder, 'src', 'disasters', 'wall-clock.c');

/** The wall clock of one process, which can be set while it runs; its monotonic clock stays as it is. */
export class FakeClock {
  readonly #file: string;
  readonly #library: string;
  #ahead = 0;

  /** @throws where there is no C compiler */
  constructor(folder: string) {
    this.#file = join(folder, 'wall-clock');
    this.#library = join(folder, 'wall-clock.so');
    this.set(0);
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', this.#library, source], { stdio: 'pipe' });
    } catch (error) {
      throw new Error('The clock of Redis is set by a small library: it needs a C compiler, cc', {
        cause: error,
      });
    }
  }

  /** Of the process whose clock it is. */
  get environment(): Record<string, string> {
    return { LD_PRELOAD: this.#library, WALL_CLOCK_FILE: this.#file };
  }

  /** Seconds ahead of the true time. */
  get ahead(): number {
    return this.#ahead;
  }

  /** @param seconds - ahead of the true time; negative: behind it */
  set(seconds: number): void {
    this.#ahead = seconds;
    const value = Buffer.alloc(8);
    value.writeBigInt64LE(BigInt(seconds));
    // The process has mapped the file: neither another one nor an empty one may take its place.
    writeFileSync(this.#file, value, { flag: existsSync(this.#file) ? 'r+' : 'w' });
  }
}

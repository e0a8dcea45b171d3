import { createReadStream, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {object} RunLogLine one line of the example's run logs, see packages/example/src/run-log
 * @property {'started' | 'ended'} event
 * @property {'completed' | 'failed'} [outcome]
 * @property {string} taskId
 * @property {string} type
 * @property {string} tag
 * @property {number | null} sequence
 * @property {number} attempt
 * @property {string} worker
 * @property {string} instance
 * @property {number} pid
 * @property {number} batchPosition
 * @property {number} fencingToken
 * @property {number} monotonicMs
 * @property {number} wallMs
 */

/** Follows the run logs of a folder: each call of `read` returns the lines that were added since the last one. */
export class RunLogFollower {
  #offsets = new Map();

  /** @param {string} folder the instances' DATA_DIR */
  constructor(folder) {
    this.folder = join(folder, 'run-log');
  }

  /** @returns {Promise<RunLogLine[]>} */
  async read() {
    if (!existsSync(this.folder)) return [];
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.jsonl')).sort();
    const lines = [];
    for (const name of names) lines.push(...(await this.#readFile(join(this.folder, name))));
    return lines;
  }

  async #readFile(path) {
    const start = this.#offsets.get(path) ?? 0;
    let text = '';
    for await (const chunk of createReadStream(path, { start, encoding: 'utf8' })) text += chunk;
    // The last line may still be on its way; it is read as a whole the next time.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#offsets.set(path, start + Buffer.byteLength(whole));
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }
}

/** @returns {Promise<RunLogLine[]>} everything that is in the run logs now */
export function readRunLog(folder) {
  return new RunLogFollower(folder).read();
}

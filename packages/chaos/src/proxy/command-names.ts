import { sha1 } from '../witness/test-build.js';
import { firstWords } from './resp-frames.js';

/** Commands whose second word says what they do. */
const containers: ReadonlySet<string> = new Set([
  'client',
  'config',
  'script',
  'command',
  'function',
  'xgroup',
]);

/** What a command is: the name of the script that it runs (ours or BullMQ's), or the command itself, in lower case. */
export class CommandNames {
  constructor(private readonly scripts: ReadonlyMap<string, string>) {}

  of(frame: Buffer): string {
    const [first, second] = firstWords(frame);
    const command = first.toLowerCase();
    if (command === 'evalsha') return this.scripts.get(second) ?? command;
    // Such as the library's few lines that are no script of their own.
    if (command === 'eval') return this.scripts.get(sha1(second)) ?? `eval ${beginningOf(second)}`;
    return containers.has(command) ? `${command} ${second.toLowerCase()}` : command;
  }
}

function beginningOf(script: string): string {
  return script.trim().replaceAll(/\s+/g, ' ').slice(0, 40);
}

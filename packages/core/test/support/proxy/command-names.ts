import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';

const require = createRequire(import.meta.url);
let names: ReadonlyMap<string, string> | undefined;

/** What a command is: the name of the script that it runs (ours or BullMQ's), or the command itself, in lower case. */
export function commandName(words: readonly string[]): string {
  const command = (words[0] ?? '').toLowerCase();
  const script = words[1] ?? '';
  if (command === 'evalsha') return scriptNames().get(script) ?? command;
  if (command === 'eval') return scriptNames().get(sha1(script)) ?? command;
  return command;
}

function scriptNames(): ReadonlyMap<string, string> {
  if (names !== undefined) return names;
  const theirs = Object.values(require('bullmq/dist/cjs/scripts') as Record<string, unknown>) as {
    name?: string;
    content?: string;
  }[];
  names = new Map([
    ...theirs.flatMap(({ name, content }) => (name && content ? [[sha1(content), name] as const] : [])),
    ...Object.entries(composeScripts()).map(([name, { lua }]) => [sha1(lua), name] as const),
  ]);
  return names;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The rules of docs/security.md, for a queue of the default names. */
export interface DocumentedAcl {
  /** Without their `~`. */
  readonly keys: readonly string[];
  /** Without their `+`. */
  readonly commands: readonly string[];
}

/** Reads the first block of docs/security.md. */
export function readDocumentedAcl(): DocumentedAcl {
  const text = readFileSync(resolve(import.meta.dirname, '../../../../docs/security.md'), 'utf8');
  const block = /```text\nACL SETUSER my-app reset on >password\n([^`]*)```/.exec(text)?.[1];
  if (block === undefined) throw new Error('docs/security.md has no ACL SETUSER any more');
  const words = block.trim().split(/\s+/);
  const withSign = (sign: string) => words.flatMap((word) => (word.startsWith(sign) ? [word.slice(1)] : []));
  const [keys, commands] = [withSign('~'), withSign('+')];
  if (keys.length + commands.length !== words.length)
    throw new Error('a word that is neither ~key nor +command');
  return { keys, commands };
}

/** Names of one queue; see the table of docs/security.md. */
export interface QueueNames {
  readonly queue: string;
  readonly prefix: string;
  readonly state: string;
}

/** The key patterns of queues with other names. */
export function keyRules(queues: readonly QueueNames[], role: 'all' | 'producer' = 'all'): string[] {
  const ofQueue = ({ queue, prefix, state }: QueueNames): string[] => {
    const producer = [`bull:${queue}:*`, `scheduler:${queue}:*`];
    return role === 'producer' ? producer : [...producer, `bull:${prefix}-*`, `${state}:*`];
  };
  const shared = role === 'producer' ? [] : ['scheduler:instance:*'];
  return [...queues.flatMap(ofQueue), ...shared].map((pattern) => `~${pattern}`);
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageName, Messages } from '../../../src/observability/messages/message-params.js';
import { root } from './markdown.js';

/** What stands for a parameter in the documents: `{nodeId}`, and text of the application in quotes: `"{identifyTag}"`. */
function placeholders(overrides: Readonly<Record<string, unknown>>): never {
  return new Proxy(overrides, {
    get: (target, name) => target[String(name)] ?? `{${String(name)}}`,
  }) as never;
}

/** A message as the documents write it. */
export function template(messages: Messages, name: MessageName): string {
  const render = messages[name] as (params: unknown) => string;
  if (name !== 'leaderSteppedDown') return render(placeholders({}));
  // Its reason is put into words: what differs between two reasons is the reason.
  const [a = '', b = ''] = ['fenced', 'stalled'].map((reason) => render(placeholders({ reason })));
  const end = [...a].findIndex((character, index) => character !== b[index]);
  return `${a.slice(0, end)}{reason}`;
}

/** Level of every message that the sources say, by its name. */
export function spokenMessages(): Record<string, string> {
  const source = join(root, 'packages/core/src');
  const found: Record<string, string> = {};
  for (const path of readdirSync(source, { recursive: true }).map(String)) {
    if (!path.endsWith('.ts') || path.endsWith('.spec.ts')) continue;
    const text = readFileSync(join(source, path), 'utf8');
    for (const [, level, name] of text.matchAll(/\blog\??\.(debug|info|warn|error)\(\s*'(\w+)'/g)) {
      found[name!] = level === 'info' ? 'log' : level!;
    }
    // Warnings about options carry the name of their message.
    for (const [, name] of text.matchAll(/\bmessage: '(\w+)',\n\s*params:/g)) found[name!] = 'warn';
  }
  return found;
}

import { createRequire } from 'node:module';
import { IncompatibleBullMQError } from '../errors/errors.js';
import { luaSources, type LuaScriptName } from '../redis/generated/lua-sources.js';
import type { LuaScript } from '../redis/script-runner.js';

/**
 * The one place that reads BullMQ's internals: its Lua texts, which run inside some of our scripts, so that parents,
 * deduplication, retention, metrics and rate limits keep BullMQ's behaviour.
 */
interface BullScript {
  readonly name: string;
  readonly content: string;
  readonly keys: number;
}

const require = createRequire(import.meta.url);
const supported = { major: 6, minor: 7 };
const directive = /^[ \t]*--- @bullmq "(\w+)"[ \t]*$/m;

/** Our scripts, complete. @throws {@link IncompatibleBullMQError} when the installed BullMQ is not one that we know. */
export function composeScripts(): Record<LuaScriptName, LuaScript> {
  assertSupportedVersion();
  const theirs = require('bullmq/dist/cjs/scripts') as Readonly<Record<string, BullScript | undefined>>;
  const composed = {} as Record<LuaScriptName, LuaScript>;
  for (const name of Object.keys(luaSources) as LuaScriptName[]) {
    composed[name] = { ...luaSources[name], lua: embed(luaSources[name].lua, theirs) };
  }
  return composed;
}

/** A BullMQ script becomes a local function `bullmq(KEYS, ARGV)`. */
function embed(lua: string, theirs: Readonly<Record<string, BullScript | undefined>>): string {
  return lua.replace(directive, (_, name: string) => {
    const script = theirs[name];
    if (script === undefined) throw new IncompatibleBullMQError({ found: `one without ${name}`, expected: '^6.7' });
    return `local function bullmq(KEYS, ARGV)\n${script.content}\nend`;
  });
}

function assertSupportedVersion(): void {
  const { version } = require('bullmq/package.json') as { version: string };
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== supported.major || minor < supported.minor) {
    throw new IncompatibleBullMQError({ found: version, expected: '^6.7' });
  }
}

import { QueueKeys, RedisQueueBackend } from 'bullmq';
import * as scripts from 'bullmq/dist/cjs/scripts/index.js';
import { version } from 'bullmq/dist/cjs/version.js';
import { luaSources, type LuaScriptName } from '../redis/generated/lua-sources.js';
import { bullPrefix } from '../redis/queue-keys.js';
import type { LuaScript } from '../redis/script-runner.js';
import { assertCompatibleBullMQ, type BullMQInternals } from './bullmq-compatibility.js';

/**
 * The one place that reads BullMQ's internals: its Lua texts, which run inside some of our scripts, so that parents,
 * deduplication, retention, metrics and rate limits keep BullMQ's behaviour.
 */
const directive = /^[ \t]*--- @bullmq "(\w+)"[ \t]*$/m;

/**
 * Our scripts, complete.
 *
 * @param sources - other than the shipped ones: a test build
 * @throws {@link IncompatibleBullMQError} when the installed BullMQ is not one that we know
 */
export function composeScripts(
  sources: Readonly<Record<LuaScriptName, LuaScript>> = luaSources,
): Record<LuaScriptName, LuaScript> {
  const installed = installedBullMQ();
  assertCompatibleBullMQ(installed);
  const composed = {} as Record<LuaScriptName, LuaScript>;
  for (const name of Object.keys(sources) as LuaScriptName[]) {
    composed[name] = { ...sources[name], lua: embed(sources[name].lua, installed.scripts) };
  }
  return composed;
}

/** What the installed BullMQ has of what we use. */
export function installedBullMQ(): BullMQInternals {
  return {
    version,
    backend: RedisQueueBackend.prototype,
    keys: new QueueKeys(bullPrefix).getKeys('queue'),
    scripts,
  };
}

/** A BullMQ script becomes a local function `bullmq(KEYS, ARGV)`. */
function embed(lua: string, theirs: BullMQInternals['scripts']): string {
  return lua.replace(directive, (_, name: string) => {
    const script = theirs[name];
    if (script === undefined) throw new Error(`bullmq-compatibility does not list the script ${name}`);
    return `local function bullmq(KEYS, ARGV)\n${script.content}\nend`;
  });
}

import { RedisQueueBackend } from 'bullmq';
import { composeScripts, installedBullMQ } from '../../../src/bullmq/bullmq-scripts.js';
import { completedBy } from '../../../src/bullmq/completed-scripts.js';
import { embeddedScripts } from '../../../src/bullmq/bullmq-compatibility.js';
import { EncodingBackend } from '../../../src/bullmq/encoding-backend.js';
import { PendingQueueBackend } from '../../../src/bullmq/pending-queue-backend.js';

/** Sent by this library, or by BullMQ's connections, outside of scripts and of BullMQ's backend. */
export const sentDirectly: Readonly<Record<string, string>> = {
  bzpopmin: 'redis/blocking-wait.ts',
  'client|setname': 'the name of every connection',
  eval: 'a script that Redis does not know yet',
  evalsha: 'every script',
  info: 'redis/check-server.ts',
  mget: 'election/election-service.ts',
  scan: 'redis/scan.ts',
  select: 'the option `db`',
  xread: 'bullmq/event-stream.ts',
  zpopmin: 'redis/blocking-wait.ts',
};

/** Commands of which no call is ever reached, though they stand in scripts that run. */
export const neverReached: Readonly<Record<string, string>> = {
  rpoplpush: 'fetches the next job for the caller of moveToFinished or moveToDelayed; ours never ask for one',
};

const backends = [RedisQueueBackend, EncodingBackend, PendingQueueBackend];

/**
 * The methods of BullMQ's backend that run in this library: all of them, but those which a class of ours replaces without
 * calling them.
 */
function runningMethods(): string[] {
  const [bullmq, ...ours] = backends.map((backend) => methodsOf(backend.prototype));
  return [...bullmq!].flatMap(([name, text]) =>
    ours.every((methods) => methods.get(name)?.includes(`super.${name}(`) ?? true) ? [text] : [],
  );
}

function methodsOf(prototype: object): Map<string, string> {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return new Map(
    descriptors.flatMap(([name, { value }]) =>
      typeof value === 'function' && name !== 'constructor' ? [[name, String(value)]] : [],
    ),
  );
}

/** BullMQ's scripts that run: sent as they are, or inside one of ours. */
export function runningScripts(): Map<string, string> {
  const { scripts } = installedBullMQ();
  const sent = runningMethods().flatMap((text) =>
    [...text.matchAll(/execCommand\(\s*\w+,\s*'(\w+)'/g)].map(([, name]) => name!),
  );
  const names = [...sent.filter((name) => completedBy[name] === undefined), ...Object.keys(embeddedScripts)];
  return new Map([...new Set(names)].sort().map((name) => [name, scripts[name]!.content]));
}

/** Each command that is sent, or called in a script that is, with where it is. */
export function sentCommands(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const note = (command: string, place: string) =>
    found.set(command, (found.get(command) ?? new Set()).add(place));
  for (const [command, place] of Object.entries(sentDirectly)) note(command, place);
  for (const [name, { lua }] of Object.entries(composeScripts())) {
    for (const command of calledIn(lua)) note(command, name);
  }
  for (const [name, lua] of runningScripts()) {
    for (const command of calledIn(lua)) note(command, `${name} of BullMQ`);
  }
  for (const text of runningMethods()) {
    // `client.lpos(…)`, `multi.exec()`; a name with a capital is not that of a command.
    for (const [, command] of text.matchAll(/\b(?:client|multi|pipeline)\.([a-z]+)\(/g)) {
      if (command !== 'pipeline' && command !== 'nodes') note(command!, "BullMQ's backend");
    }
  }
  return found;
}

/** Commands that Lua texts call, by name or as one of two names. */
function calledIn(lua: string): string[] {
  const calls = lua.matchAll(/(?:rcall|tryCall|redis\.p?call)\s*\(([^,)]*)/g);
  const named = [...calls].flatMap(([, first = '']) =>
    [...first.matchAll(/['"]([A-Z]+)['"]/g)].map(([, name]) => name!),
  );
  // BullMQ's pages of a set or a hash name the command in a variable.
  const inVariables = [...lua.matchAll(/(?:local )?\w*[cC]ommand = ['"]([A-Z]+)['"]/g)].map(
    ([, name]) => name!,
  );
  return [...named, ...inVariables].map((name) => name.toLowerCase());
}

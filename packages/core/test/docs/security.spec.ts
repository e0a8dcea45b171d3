import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { composeScripts, installedBullMQ } from '../../src/bullmq/bullmq-scripts.js';
import { keyPatterns } from '../../src/redis/queue-keys.js';
import { resolveRootOptions } from '../../src/options/resolve-options.js';
import { keyRules, readDocumentedAcl } from '../support/documented-acl.js';
import { root, tableUnder } from './support/markdown.js';

const { keys, commands } = readDocumentedAcl();

/** Commands that Lua texts call, by name or as one of two names. */
function calledIn(lua: string): string[] {
  const calls = lua.matchAll(/(?:rcall|redis\.p?call)\s*\(([^,)]*)/g);
  return [...calls].flatMap(([, first = '']) =>
    [...first.matchAll(/['"]([A-Z]+)['"]/g)].map(([, name]) => name!),
  );
}

/** Sent by this library and BullMQ outside of scripts. */
const sentDirectly = [
  'bzpopmin',
  'client|setname',
  'eval',
  'evalsha',
  'exec',
  'hscan',
  'info',
  'mget',
  'multi',
  'scan',
  'select',
];

it('docs/security.md allows every command of every script, and no other', () => {
  const theirs = Object.values(installedBullMQ().scripts).map((script) => script?.content ?? '');
  const ours = Object.values(composeScripts()).map(({ lua }) => lua);
  const called = [...ours, ...theirs].flatMap(calledIn).map((name) => name.toLowerCase());
  const needed = new Set([...called, ...sentDirectly]);
  expect(called.length).toBeGreaterThan(500);
  expect([...commands].sort()).toEqual([...needed].sort());
});

it('its patterns are those of the keys of a queue', () => {
  const { options } = resolveRootOptions(undefined, () => undefined);
  for (const { key } of keyPatterns(options)) {
    expect(keys.filter((pattern) => key.startsWith(pattern.replace('*', '')))).toHaveLength(1);
  }
  const rows = tableUnder('docs/security.md', 'The keys of a queue');
  expect(rows).toHaveLength(5);
  const names = { queue: '<pendingQueueName>', prefix: '<workerQueuePrefix>', state: '<workerStatePrefix>' };
  const stated = (isProducer: boolean) =>
    rows.flatMap(([pattern, , producer]) =>
      isProducer && producer !== 'yes' ? [] : [/~[^`,]+/.exec(pattern!)![0]],
    );
  expect(stated(false).sort()).toEqual(keyRules([names]).sort());
  expect(stated(true).sort()).toEqual(keyRules([names], 'producer').sort());
});

it('the example of an application with two queues follows the table', () => {
  const text = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const blocks = [...text.matchAll(/```text\n([^`]*)```/g)].map(([, block]) => block!.trim().split(/\s+/));
  const queues = [
    { queue: 'shop-tasks', prefix: 'shop-worker', state: 'shop-state' },
    { queue: 'mail-pending-tasks', prefix: 'mail-worker-queue', state: 'mail-worker-state' },
  ];
  expect([...blocks[1]!].sort()).toEqual(keyRules(queues).sort());
});

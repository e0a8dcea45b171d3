import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { installedBullMQ } from '../../src/bullmq/bullmq-scripts.js';
import { keyPatterns } from '../../src/redis/queue-keys.js';
import { resolveRootOptions } from '../../src/options/resolve-options.js';
import { keyRules, readDocumentedAcl } from '../support/documented-acl.js';
import { root, tableUnder } from './support/markdown.js';
import { neverReached, runningScripts, sentCommands } from './support/sent-commands.js';

const { keys, commands } = readDocumentedAcl();

/** BullMQ's scripts that nobody sends, besides those of its relay, which is no part of a queue. */
const neverSent = [
  'changePriority',
  'getState',
  'moveStalledJobsToWait',
  'moveToActive',
  'releaseLock',
  'saveStacktrace',
];

describe('docs/security.md allows', () => {
  const sent = sentCommands();

  it('every command that is sent, or called in a script that is, and no other', () => {
    const needed = [...sent.keys()].filter((command) => neverReached[command] === undefined);
    expect(sent.size).toBeGreaterThan(60);
    expect([...commands].sort()).toEqual(needed.sort());
  });

  it('nothing for the scripts of BullMQ that nobody sends', () => {
    const running = runningScripts();
    const { scripts } = installedBullMQ();
    const others = Object.keys(scripts).filter((name) => scripts[name]?.keys && !running.has(name));
    expect(others.filter((name) => !name.startsWith('relay')).sort()).toEqual(neverSent);
  });

  it('nothing for a branch of them that is never taken', () => {
    expect(Object.keys(neverReached)).toEqual(['rpoplpush']);
    // Where an attempt ends. A call that asked for the next job would be refused, and shows in acl-contract.spec.ts.
    const ends = ['commitTask', 'delayTask', 'moveToDelayed of BullMQ', 'moveToFinished of BullMQ'];
    expect([...sent.get('rpoplpush')!].sort()).toEqual(ends);
  });
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

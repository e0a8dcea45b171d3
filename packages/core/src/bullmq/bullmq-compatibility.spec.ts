import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RedisQueueBackend } from 'bullmq';
import { ErrorCode, IncompatibleBullMQError } from '../errors/index.js';
import { assertCompatibleBullMQ, embeddedScripts, overriddenMethods } from './bullmq-compatibility.js';
import { composeScripts, installedBullMQ } from './bullmq-scripts.js';
import { EncodingBackend } from './encoding-backend.js';
import { PendingQueueBackend } from './pending-queue-backend.js';
import { WorkerLaneBackend } from './worker-lane-backend.js';

const scriptsFolder = join(import.meta.dirname, '../redis/scripts');

describe('assertCompatibleBullMQ', () => {
  it('accepts the installed BullMQ', () => {
    expect(() => assertCompatibleBullMQ(installedBullMQ())).not.toThrow();
    expect(composeScripts().commitTask.lua).toContain('local function bullmq(KEYS, ARGV)');
  });

  it.each(['5.58.0', '6.6.9', '7.0.0', '8'])('refuses version %s', (version) => {
    expect(refusal({ version })).toBe(`bullmq ${version} is installed, ^6.7 is needed`);
  });

  it.each(['6.7.0', '6.7.3', '6.12.0'])('accepts version %s with the same internals', (version) => {
    expect(() => assertCompatibleBullMQ({ ...installedBullMQ(), version })).not.toThrow();
  });

  it('refuses a backend without a method that is overridden or called', () => {
    const backend = { ...methodsOf(RedisQueueBackend.prototype), moveToActive: undefined };
    expect(refusal({ version: '6.9.0', backend })).toBe(
      'bullmq 6.9.0 without the method moveToActive of its backend is installed, ^6.7 is needed',
    );
  });

  it('refuses a queue whose keys have other names', () => {
    const { keys } = installedBullMQ();
    expect(refusal({ keys: { ...keys, wait: 'bull:queue:waiting' } })).toContain('without the key "wait"');
  });

  it('refuses a script that is missing or takes other keys', () => {
    const { scripts } = installedBullMQ();
    expect(refusal({ scripts: { ...scripts, drain: undefined } })).toContain('without the script drain');
    const moveToFinished = { content: '', keys: 15 };
    expect(refusal({ scripts: { ...scripts, moveToFinished } })).toContain(
      'whose script moveToFinished has 15 keys and not 14',
    );
  });

  it('throws a typed error', () => {
    expect(() => assertCompatibleBullMQ({ ...installedBullMQ(), version: '5.0.0' })).toThrow(
      IncompatibleBullMQError,
    );
    expect(() => assertCompatibleBullMQ({ ...installedBullMQ(), version: '5.0.0' })).toThrow(
      expect.objectContaining({ code: ErrorCode.IncompatibleBullMQ }),
    );
  });

  it('names every method that the backends override', () => {
    const theirs = methodsOf(RedisQueueBackend.prototype);
    const backends = [EncodingBackend, PendingQueueBackend, WorkerLaneBackend];
    const ours = backends.flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor' && name in theirs),
    );
    expect([...overriddenMethods].sort()).toEqual([...new Set(ours)].sort());
  });

  it('names every script that is embedded', () => {
    const embedded = readdirSync(scriptsFolder)
      .filter((file) => file.endsWith('.lua'))
      .flatMap(
        (file) => /^--- @bullmq "(\w+)"$/m.exec(readFileSync(join(scriptsFolder, file), 'utf8'))?.[1] ?? [],
      );
    expect(Object.keys(embeddedScripts).sort()).toEqual([...new Set(embedded)].sort());
  });
});

function refusal(changes: Partial<ReturnType<typeof installedBullMQ>>): string {
  try {
    assertCompatibleBullMQ({ ...installedBullMQ(), ...changes });
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

function methodsOf(prototype: object): Record<string, unknown> {
  const methods: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const { value } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    if (typeof value === 'function') methods[name] = value;
  }
  return methods;
}

import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { scanHashes } from '../../../src/redis/scan.js';
import { connectScripts } from '../scripts/support/harness.js';
import { uniqueName } from '../../support/redis.js';

/** How long each step took, as the one who waits for it sees it. */
class TimedScans {
  readonly stepsMs: number[] = [];

  constructor(private readonly redis: Redis) {}

  async scan(...args: Parameters<Redis['scan']>): Promise<unknown> {
    const startedAt = performance.now();
    const reply = await this.redis.scan(...args);
    this.stepsMs.push(performance.now() - startedAt);
    return reply;
  }
}

describe('scanHashes', () => {
  const redis = connectScripts(12);
  const added: string[] = [];

  async function add(...keys: string[]): Promise<void> {
    added.push(...keys);
    for (const key of keys) await redis.hset(key, 'field', 1);
  }

  async function scan(prefix: string, suffix: string, count = 10): Promise<string[]> {
    const found = new Set<string>();
    for await (const key of scanHashes(redis, { prefix, suffix, count })) found.add(key);
    return [...found].sort();
  }

  afterEach(async () => {
    await redis.del(...added.splice(0));
  });

  afterAll(async () => {
    await redis.quit();
  });

  it('takes prefixes for what they are, whatever characters they have', async () => {
    const name = uniqueName();
    const prefixes = ['q', 'q-b', '[ab]*', 'a', 'q?', 'q\\', '{q}', 'qx'].map(
      (prefix) => `${name}:${prefix}-`,
    );
    await add(...prefixes.map((prefix) => `${prefix}w1:meta`), `${name}:q-w1:wait`);
    await add(...Array.from({ length: 300 }, (_, i) => `${name}:other-${i}:meta`));
    expect(await scan(`${name}:q-`, ':meta')).toEqual([`${name}:q-b-w1:meta`, `${name}:q-w1:meta`]);
    for (const prefix of prefixes.filter((other) => other !== `${name}:q-`)) {
      expect(await scan(prefix, ':meta')).toEqual([`${prefix}w1:meta`]);
    }
    expect(await scan(`${name}:other-`, ':meta', 7)).toHaveLength(300);
    expect(await scan(`${name}:none-`, ':meta')).toEqual([]);
  });

  it('leaves Redis to others for most of the time', async () => {
    const name = uniqueName();
    await add(...Array.from({ length: 300 }, (_, i) => `${name}:q-${i}:meta`));
    const timed = new TimedScans(redis);
    const startedAt = performance.now();
    for await (const key of scanHashes(timed as unknown as Redis, {
      prefix: `${name}:q-`,
      suffix: ':meta',
      count: 20,
    })) {
      expect(key).toMatch(/:meta$/);
    }
    expect(timed.stepsMs.length).toBeGreaterThan(5);
    const rests = timed.stepsMs.slice(0, -1).map((ms) => Math.min(50, 9 * ms));
    const least = rests.reduce((sum, ms) => sum + Math.floor(ms), 0);
    expect(performance.now() - startedAt).toBeGreaterThan(least);
  });

  it('ends with its signal, also while it rests', async () => {
    const name = uniqueName();
    await add(...Array.from({ length: 300 }, (_, i) => `${name}:q-${i}:meta`));
    const ended = new AbortController();
    const found: string[] = [];
    const wanted = { prefix: `${name}:q-`, suffix: ':meta', count: 20, signal: ended.signal };
    for await (const key of scanHashes(redis, wanted)) {
      found.push(key);
      ended.abort();
    }
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(300);
  });

  it('leaves out what is no hash', async () => {
    const name = uniqueName();
    await add(`${name}:q-w1:meta`);
    const string = `${name}:q-w2:meta`;
    added.push(string);
    await redis.set(string, 1);
    expect(await scan(`${name}:q-`, ':meta')).toEqual([`${name}:q-w1:meta`]);
  });
});

import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { scanHashes } from '../../../src/redis/scan.js';
import { connectScripts } from '../scripts/support/harness.js';
import { uniqueName } from '../../support/redis.js';

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

  it('leaves out what is no hash', async () => {
    const name = uniqueName();
    await add(`${name}:q-w1:meta`);
    const string = `${name}:q-w2:meta`;
    added.push(string);
    await redis.set(string, 1);
    expect(await scan(`${name}:q-`, ':meta')).toEqual([`${name}:q-w1:meta`]);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { scanKeys } from '../../../src/redis/scan.js';
import { connectScripts } from '../scripts/support/harness.js';
import { uniqueName } from '../../support/redis.js';

describe('scanKeys', () => {
  const redis = connectScripts(12);
  const added: string[] = [];

  async function add(...keys: string[]): Promise<void> {
    added.push(...keys);
    for (const key of keys) await redis.set(key, 1);
  }

  async function scan(prefix: string, suffix: string, count = 10): Promise<string[]> {
    const found = new Set<string>();
    for await (const key of scanKeys(redis, { prefix, suffix, count })) found.add(key);
    return [...found].sort();
  }

  afterEach(async () => {
    await redis.del(...added.splice(0));
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
});

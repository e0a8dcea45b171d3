import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { BlockingWait } from '../../../src/redis/blocking-wait.js';
import { connect, testRedisUrl, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

describe('BlockingWait on Redis', () => {
  const name = uniqueName();
  const errors: unknown[] = [];
  let redis: Redis;
  let wait: BlockingWait;

  beforeEach(() => {
    redis = connect();
    const create = (): Redis => {
      return new Redis(testRedisUrl(), { maxRetriesPerRequest: null, connectionName: `${name}-blocking` });
    };
    wait = new BlockingWait(create, `${name}:interrupt`, redis, (error) => errors.push(error));
  });

  afterEach(async () => {
    await wait.close();
    await redis.del(`${name}:interrupt`, `${name}:a`, `${name}:b`);
    await redis.quit();
    expect(errors.splice(0)).toEqual([]);
  });

  it('serves two keys that always have members', async () => {
    const seen: Record<string, string[]> = { a: [], b: [] };
    for (const key of ['a', 'b']) {
      wait.watch(`${name}:${key}`, (member) => {
        seen[key]!.push(member);
        if (seen[key]!.length < 6) void redis.zadd(`${name}:${key}`, 0, `next-${seen[key]!.length}`);
      });
    }
    await redis.multi().zadd(`${name}:a`, 0, 'x', 1, 'y').zadd(`${name}:b`, 0, 'z').exec();
    await until('both keys were served again and again', () => seen.a!.length >= 6 && seen.b!.length >= 6);
    expect(seen.a).toEqual(expect.arrayContaining(['x', 'y']));
  });

  it('listens to a new key at once, although it blocks on another', async () => {
    wait.watch(`${name}:a`, () => undefined);
    await until('it blocks', async () => (await blockedClients(redis, name)).includes('cmd=bzpopmin'));
    const seen: string[] = [];
    const startedAt = performance.now();
    wait.watch(`${name}:b`, (member) => seen.push(member));
    await redis.zadd(`${name}:b`, 0, 'now');
    await until('the member arrived', () => seen.length > 0);
    expect(performance.now() - startedAt).toBeLessThan(4_000); // without an interrupt it would block for 5 s
  });

  it('goes on after the server has closed its connection', async () => {
    const seen: string[] = [];
    wait.watch(`${name}:a`, (member) => seen.push(member));
    await until('it blocks', async () => (await blockedClients(redis, name)).includes('cmd=bzpopmin'));
    const id = /id=(\d+)/.exec(await blockedClients(redis, name))![1]!;
    await redis.client('KILL', 'ID', id);
    await redis.zadd(`${name}:a`, 0, 'after');
    await until('the member arrived', () => seen.includes('after'));
  });

  it('leaves nothing for good when nobody reads what makes it begin anew', async () => {
    const never = (): Redis =>
      new Redis({ port: 1, retryStrategy: () => 60_000 }).on('error', () => undefined);
    const dead = new BlockingWait(never, `${name}:interrupt`, redis, () => undefined);
    dead.watch(`${name}:a`, () => undefined);
    dead.watch(`${name}:b`, () => undefined);
    await until('it was told to begin anew', () => redis.exists(`${name}:interrupt`));
    expect(await redis.pttl(`${name}:interrupt`)).toBeGreaterThan(50_000);
    await dead.close();
  });

  it('closes while it blocks, and keeps no connection', async () => {
    wait.watch(`${name}:a`, () => undefined);
    await until('it blocks', async () => (await blockedClients(redis, name)).includes('cmd=bzpopmin'));
    await wait.close();
    await until('the connection is gone', async () => (await blockedClients(redis, name)) === '');
  });
});

async function blockedClients(redis: Redis, name: string): Promise<string> {
  const list = (await redis.client('LIST')) as string;
  return list
    .split('\n')
    .filter((line) => line.includes(`name=${name}-blocking`))
    .join('\n');
}

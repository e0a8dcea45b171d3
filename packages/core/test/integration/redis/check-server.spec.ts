import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import {
  EvictingRedisError,
  RedisAuthenticationError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
} from '../../../src/errors/errors.js';
import { connectAndCheck, type ServerFacts } from '../../../src/redis/check-server.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { testRedisUrl } from '../../support/redis.js';

const closers: (() => Promise<unknown> | void)[] = [];

async function server(...args: string[]): Promise<OwnServer> {
  const own = await startOwnServer(...args);
  closers.push(() => own.stop());
  return own;
}

async function check(
  url: string,
  options: RedisOptions = {},
  {
    timeoutMs = 5_000,
    allowEviction = false,
    inspect,
  }: { timeoutMs?: number; allowEviction?: boolean; inspect?: () => Promise<void> } = {},
): Promise<ServerFacts> {
  const client = new Redis(url, { maxRetriesPerRequest: null, disconnectTimeout: 50, ...options });
  client.on('error', () => undefined);
  closers.push(() => {
    client.disconnect();
  });
  return connectAndCheck(client, { address: 'the-address', timeoutMs, allowEviction }, inspect);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('connectAndCheck', () => {
  it('accepts a Redis that keeps what it is given', async () => {
    expect(await check(testRedisUrl())).toEqual({ policy: 'noeviction' });
  });

  it('refuses one that evicts, unless that is allowed', async () => {
    const { url } = await server('--maxmemory-policy', 'allkeys-lru');
    await expect(check(url)).rejects.toThrow(EvictingRedisError);
    expect(await check(url, {}, { allowEviction: true })).toEqual({ policy: 'allkeys-lru' });
  });

  it('refuses a cluster', async () => {
    const { url } = await server('--cluster-enabled', 'yes');
    await expect(check(url)).rejects.toThrow(RedisClusterNotSupportedError);
  });

  it.each([
    ['no password', {}],
    ['a wrong password', { password: 'wrong' }],
    ['a wrong user', { username: 'nobody', password: 'secret' }],
  ])('tells of %s at once, without naming it', async (_, options) => {
    const { url } = await server('--requirepass', 'secret');
    const startedAt = performance.now();
    const error = await check(url, options, { timeoutMs: 20_000 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RedisAuthenticationError);
    expect(String(error)).not.toMatch(/secret|wrong|nobody/);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await check(url, { password: 'secret' })).toEqual({ policy: 'noeviction' });
  });

  it('tells of a database that does not exist', async () => {
    await expect(check(testRedisUrl(), { db: 9_999 }, { timeoutMs: 20_000 })).rejects.toThrow(
      RedisUnavailableError,
    );
  });

  it('gives up on a server that is not there, with the reason', async () => {
    const error = await check('redis://127.0.0.1:1', {}, { timeoutMs: 300 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error).toMatchObject({
      message: expect.stringContaining('the-address'),
      cause: { message: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it('gives up on a server that does not answer', async () => {
    const silent = createServer((socket) => socket.resume().on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => silent.close(resolve)));
    const { port } = silent.address() as AddressInfo;
    await expect(check(`redis://127.0.0.1:${port}`, {}, { timeoutMs: 300 })).rejects.toThrow(
      RedisUnavailableError,
    );
  });

  it('passes on what the further inspection finds', async () => {
    const error = new EvictingRedisError({ policy: 'from the inspection' });
    await expect(check(testRedisUrl(), {}, { inspect: () => Promise.reject(error) })).rejects.toBe(error);
  });
});

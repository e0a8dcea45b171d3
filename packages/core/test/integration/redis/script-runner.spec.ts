import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CommandTimeoutError } from '../../../src/errors/errors.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { connect } from '../../support/redis.js';

const scripts = {
  echo: { lua: 'return { KEYS[1], ARGV[1], ARGV[2], #ARGV }', numberOfKeys: 1 },
  fail: { lua: "return redis.error_reply('MYERR nothing to see')", numberOfKeys: 0 },
} as const;

describe('ScriptRunner', () => {
  let redis: Redis;

  beforeAll(() => {
    redis = connect();
  });

  afterAll(async () => {
    await redis.quit();
  });

  it('runs a script by its name, with keys, numbers and bytes', async () => {
    const runner = new ScriptRunner(redis, 1_000, scripts);
    expect(await runner.run('echo', ['key', 5, Buffer.from('bytes')])).toEqual(['key', '5', 'bytes', 2]);
  });

  it('runs it when Redis has forgotten it, also many calls at once', async () => {
    const runner = new ScriptRunner(redis, 1_000, scripts);
    await runner.run('echo', ['key', 1, 2]);
    await redis.script('FLUSH');
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => runner.run('echo', ['key', i, 2])),
    );
    expect(replies).toEqual(Array.from({ length: 20 }, (_, i) => ['key', String(i), '2', 2]));
  });

  it('passes the error of a script on', async () => {
    const runner = new ScriptRunner(redis, 1_000, scripts);
    await expect(runner.run('fail', [])).rejects.toThrow('MYERR nothing to see');
  });

  describe('on a Redis that does not answer', () => {
    let server: Server;
    let silent: Redis;

    beforeAll(async () => {
      server = createServer((socket) => socket.resume().on('error', () => socket.destroy()));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      silent = new Redis({ port, commandTimeout: 50, enableReadyCheck: false, maxRetriesPerRequest: null });
      silent.on('error', () => undefined);
    });

    afterAll(async () => {
      silent.disconnect();
      await new Promise((resolve) => server.close(resolve));
    });

    it('gives up after the command time-out, with a typed error that names script and time-out', async () => {
      const runner = new ScriptRunner(silent, 50, scripts);
      const error = await runner.run('echo', ['key', 'a payload']).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CommandTimeoutError);
      expect(error).toMatchObject({ details: { command: 'echo', timeoutMs: 50 } });
      expect(String(error)).not.toContain('a payload');
    });
  });
});

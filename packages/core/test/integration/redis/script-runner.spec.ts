import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CommandTimeoutError } from '../../../src/errors/errors.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';

const scripts = {
  echo: { lua: 'return { KEYS[1], ARGV[1], ARGV[2], #ARGV }', numberOfKeys: 1 },
  fail: { lua: "return redis.error_reply('MYERR nothing to see')", numberOfKeys: 0 },
} as const;

describe('ScriptRunner', () => {
  /** One alone, because it is made to forget its scripts: the transactions of other tests do not survive that. */
  let server: OwnServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startOwnServer();
    redis = new Redis(server.url);
  });

  afterAll(async () => {
    await redis.quit();
    await server.stop();
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
    let mute: Server;
    let silent: Redis;

    beforeAll(async () => {
      mute = createServer((socket) => socket.resume().on('error', () => socket.destroy()));
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      const { port } = mute.address() as AddressInfo;
      silent = new Redis({ port, commandTimeout: 50, enableReadyCheck: false, maxRetriesPerRequest: null });
      silent.on('error', () => undefined);
    });

    afterAll(async () => {
      silent.disconnect();
      await new Promise((resolve) => mute.close(resolve));
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

import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cluster } from 'ioredis';
import {
  CommandTimeoutError,
  EvictingRedisError,
  getQueueServiceToken,
  QueueModule,
  QueueService,
  RedisAuthenticationError,
  RedisPermissionError,
  RedisClusterNotSupportedError,
  RedisUnavailableError,
  WorkerService,
  type QueueModuleOptions,
} from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';
import { runInChild } from './support/child-process.js';
import { startRedis, stopRedisServers, withClient, type OwnRedis } from './support/redis-server.js';

const secret = 'pa$$-marker-91';
let locked: OwnRedis;
let cluster: OwnRedis;
let evicting: OwnRedis;
/** Accepts connections and never answers. */
let silent: Server;

beforeAll(async () => {
  [locked, cluster, evicting] = await Promise.all([
    startRedis('--requirepass', secret),
    startRedis('--cluster-enabled', 'yes'),
    startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'),
  ]);
  await withClient(locked.url.replace('//', `//:${encodeURIComponent(secret)}@`), async (client) => {
    const rights = ['~bull:*', '~scheduler:*', '~*-state:*', '&*'];
    await client.call('ACL', 'SETUSER', 'app', 'on', `>${secret}`, '+@all', '-@admin', ...rights);
    await client.call('ACL', 'SETUSER', 'no-scripts', 'on', `>${secret}`, '+@all', '-@scripting', ...rights);
    await client.call('ACL', 'SETUSER', 'no-info', 'on', `>${secret}`, '+@all', '-info', ...rights);
    const withKeys = (user: string, ...patterns: string[]) =>
      client.call('ACL', 'SETUSER', user, 'on', `>${secret}`, '+@all', '&*', ...patterns.map((p) => `~${p}`));
    await withKeys('no-queue', 'scheduler:*', 'bull:*-worker-*', '*-state:*');
    await withKeys('no-scheduler', 'bull:*', '*-state:*');
    await withKeys('no-workers', 'scheduler:*', 'bull:*-pending:*', '*-state:*');
    await withKeys('no-state', 'scheduler:*', 'bull:*');
  });
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => log.clear());
afterEach(closeApps);
afterAll(async () => {
  silent.close();
  await stopRedisServers();
});

type RedisOptions = NonNullable<QueueModuleOptions['redisOptions']>;
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** How the application does not start, and how long that takes. */
async function refusal(redisOptions: RedisOptions): Promise<{ error: Error; ms: number }> {
  const before = performance.now();
  const app = startApp([QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions }))]);
  const error = await app.then(
    () => new Error('it started'),
    (reason: unknown) => reason as Error,
  );
  return { error, ms: performance.now() - before };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a start without a usable Redis is refused', () => {
  it('when nothing listens', async () => {
    const port = await freePort();
    const { error, ms } = await refusal({ port, commandTimeout: 1_000 });
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error.message).toContain(`Redis at localhost:${port}, db 0 cannot be reached`);
    expect(error.message).toContain('ECONNREFUSED');
    expect(ms).toBeLessThan(5_000);
    expect(log.texts('ERROR')).toEqual([]);
  });

  it('when nothing answers', async () => {
    const { error, ms } = await refusal({ host: '127.0.0.1', port: portOf(silent), commandTimeout: 1_000 });
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(ms).toBeLessThan(5_000);
  });

  it('when there is no such host', async () => {
    const { error } = await refusal({ host: 'no-such-host.invalid', commandTimeout: 1_000 });
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('when there is no such database, in which ioredis would go on in database 0', async () => {
    const { error, ms } = await refusal({
      host: cluster.host,
      port: evicting.port,
      db: 513,
      allowEviction: true,
    });
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error.message).toContain('DB index is out of range');
    expect(ms).toBeLessThan(5_000);
  });

  it.each([
    ['a wrong password', { password: `not-${secret}` }, 'WRONGPASS'],
    ['no password', {}, 'NOAUTH'],
    ['an unknown user', { username: 'nobody', password: secret }, 'WRONGPASS'],
  ])('with %s', async (_, login, reply) => {
    const { error, ms } = await refusal({ host: locked.host, port: locked.port, ...login });
    expect(error).toBeInstanceOf(RedisAuthenticationError);
    expect(error.message).toContain(
      `Redis at ${locked.host}:${locked.port}, db 0 refuses the login (${reply}`,
    );
    expect(ms).toBeLessThan(5_000);
    // One error, and nothing of the login in it or in the log.
    expect(log.texts('ERROR')).toEqual([]);
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 10, showHidden: true }) + log.lines.join('\n')).not.toContain(secret);
  });

  it.each([
    ['no-scripts', '+eval'],
    ['no-info', '+info'],
    ['no-queue', '~bull:{name}-pending:*'],
    ['no-scheduler', '~scheduler:*'],
    ['no-workers', '~bull:{name}-worker-*'],
    ['no-state', '~{name}-state:*'],
  ])('with a user who lacks a right: %s', async (username, missing) => {
    const name = uniqueName('rights');
    const redisOptions = { host: locked.host, port: locked.port, username, password: secret };
    const error = await startApp([QueueModule.forRoot(rootOptions(name, { redisOptions }))]).then(
      () => new Error('it started'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RedisPermissionError);
    const expected = missing.replace('{name}', name);
    expect(error).toMatchObject({ details: { missing: expected } });
    expect((error as Error).message).toContain(`lack ${expected}`);
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });

  it('on a Redis Cluster', async () => {
    const { error, ms } = await refusal({ url: cluster.url });
    expect(error).toBeInstanceOf(RedisClusterNotSupportedError);
    expect(error.message).toContain(`${cluster.host}:${cluster.port}`);
    expect(ms).toBeLessThan(5_000);
  });

  it('with a client of a Redis Cluster', async () => {
    const client = new Cluster([{ host: cluster.host, port: cluster.port }], { lazyConnect: true });
    const { error } = await refusal(client as never);
    expect(error).toBeInstanceOf(RedisClusterNotSupportedError);
    expect(client.status).toBe('wait');
    client.disconnect();
  });

  it('on a Redis that may evict tasks', async () => {
    const { error } = await refusal({ url: evicting.url });
    expect(error).toBeInstanceOf(EvictingRedisError);
    expect(error.message).toContain("maxmemory-policy 'allkeys-lru'");
    expect(error.message).toContain('allowEviction');
  });
});

async function runsTasks(redisOptions: RedisOptions): Promise<void> {
  const app = await startApp([QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions }))]);
  app.get(WorkerService).registerHandler('note', () => 'done');
  const queue = app.get(QueueService);
  const job = await queue.add({ type: 'note', identifyTag: 't', payload: 0 });
  await expect(queue.waitUntilFinished(job, 10_000)).resolves.toBe('done');
  await queue.pauseTag('t');
  await queue.resumeTag('t');
  await app.close();
  expect(log.texts('ERROR')).toEqual([]);
}

describe('tasks run', () => {
  it('on a Redis that may evict tasks, where that is allowed, with a warning', async () => {
    await runsTasks({ url: evicting.url, allowEviction: true });
    expect(log.texts('WARN').filter((text) => text.includes('allkeys-lru'))).toHaveLength(1);
  });

  it.each([
    ['with a password', { password: secret }],
    ['with a user whose rights are limited to the documented keys', { username: 'app', password: secret }],
  ])('%s', async (_, login) => {
    await runsTasks({ host: locked.host, port: locked.port, ...login });
    expect(log.lines.join('\n')).not.toContain(secret);
  });

  it('with a password in a URL', async () => {
    await runsTasks({ url: `redis://app:${encodeURIComponent(secret)}@${locked.host}:${locked.port}/3` });
    expect(log.lines.join('\n')).not.toContain(secret);
  });
});

describe('Redis goes away', () => {
  it('which is said once and known to every queue, and the application closes without crash or hang', async () => {
    const own = await startRedis();
    const redisOptions = { url: own.url, commandTimeout: 500 };
    const app = await startApp([
      QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions })),
      QueueModule.forFeature({ name: 'f', role: 'PRODUCER' }), // does nothing that could fail by itself
    ]);
    const faults = { root: 0, feature: 0 };
    const queue = app.get(QueueService);
    queue.errors$.subscribe(() => (faults.root += 1));
    app.get<QueueService>(getQueueServiceToken('f')).errors$.subscribe(() => (faults.feature += 1));
    const subscription = queue.events$.subscribe();
    await queue.add({ type: 'note', identifyTag: 't', payload: 0 });
    await own.stop();
    const lost = () => log.texts('WARN').filter((text) => /^Connection to Redis .* lost/.test(text));
    await until('the loss is noticed', () => lost().length > 0);
    await until('the worker gives up', () =>
      log.texts('WARN').some((text) => text.includes('could not send its heartbeat')),
    );
    await until('each queue knows', () => faults.root > 0 && faults.feature > 0);
    await expect(queue.getQueueStats()).rejects.toThrow(CommandTimeoutError);
    const before = performance.now();
    await app.close();
    expect(performance.now() - before).toBeLessThan(4_000);
    expect(subscription.closed).toBe(true);
    expect(lost()).toHaveLength(1);
    expect(log.texts('ERROR')).toEqual([]);
  });

  it('and comes back, and work goes on', async () => {
    const own = await startRedis();
    const app = await startApp([
      QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions: { url: own.url } })),
    ]);
    const queue = app.get(QueueService);
    app.get(WorkerService).registerHandler('note', (payload) => payload);
    await withClient(own.url, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    const job = await queue.add({ type: 'note', identifyTag: 't', payload: 'still here' });
    await expect(queue.waitUntilFinished(job, 10_000)).resolves.toBe('still here');
    expect(log.texts('WARN')).toContainEqual(expect.stringMatching(/^Connection to Redis .* lost/));
    expect(log.texts('LOG')).toContainEqual(
      expect.stringMatching(/^Connection to Redis .* (restored|is back)/),
    );
    await app.close();
    await own.stop();
  });
});

it('an application is closed while it is connecting: both end soon, and only the start fails', async () => {
  const options = { host: '127.0.0.1', port: portOf(silent), commandTimeout: 1_000 };
  @Module({ imports: [QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions: options }))] })
  class ConnectingModule {}
  const app = await NestFactory.create(ConnectingModule, { logger: log, abortOnError: false });
  const before = performance.now();
  const starting = app.init().catch((error: unknown) => error);
  await app.close();
  expect(await starting).toBeInstanceOf(RedisUnavailableError);
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(log.texts('ERROR')).toEqual([]);
});

/** One process for each way to fail or to end; each says when it is done and must then end by itself. */
describe('no process is kept alive', () => {
  const endsBySelf = async (script: string, env: Record<string, string>): Promise<any> => {
    const { code, said, stderr, stdout, lingeredMs } = await runInChild(script, { env });
    expect({ code, stderr: stderr.replace(/^npm warn.*\n/gm, '') }).toEqual({ code: 0, stderr: '' });
    expect(said).toHaveLength(1);
    // ioredis gives a server that does not close its side 2 s.
    expect(lingeredMs).toBeLessThan(4_000);
    expect(stdout).not.toContain(secret);
    return said[0];
  };

  const startAndFail = `
    const app = moduleOf([QueueModule.forRoot({ redisOptions: JSON.parse(process.env.OPTIONS) })]);
    try {
      await NestFactory.createApplicationContext(app, { logger: false, abortOnError: false });
      emit('it started');
    } catch (error) {
      emit(describe(error));
    }`;

  it('after a start that failed because of Redis', async () => {
    const cases: [options: object, code: string][] = [
      [{ port: await freePort(), commandTimeout: 1_000 }, 'REDIS_UNAVAILABLE'],
      [{ host: '127.0.0.1', port: portOf(silent), commandTimeout: 1_000 }, 'REDIS_UNAVAILABLE'],
      [{ host: locked.host, port: locked.port, password: secret.slice(1) }, 'REDIS_AUTHENTICATION'],
      [{ url: cluster.url }, 'REDIS_CLUSTER_NOT_SUPPORTED'],
      [{ url: evicting.url }, 'EVICTING_REDIS'],
    ];
    await Promise.all(
      cases.map(async ([options, code]) => {
        const error = await endsBySelf(startAndFail, { OPTIONS: JSON.stringify(options) });
        expect(error).toMatchObject({ code: `AFFINITY_${code}` });
      }),
    );
  });

  it('after a start that failed in a hook of the application', async () => {
    const said = await endsBySelf(
      `
      const broken = { provide: 'broken', useValue: { onApplicationBootstrap() { throw new Error('no licence'); } } };
      const app = moduleOf([QueueModule.forRoot()], { providers: [broken] });
      await NestFactory.createApplicationContext(app, { logger: false, abortOnError: false }).catch((e) => emit(e.message));`,
      { REDIS_URL: locked.url.replace('//', `//app:${encodeURIComponent(secret)}@`) },
    );
    expect(said).toBe('no licence');
  });

  it('after an application that did all kinds of things has closed', async () => {
    const said = await endsBySelf(
      `
      const app = await NestFactory.createApplicationContext(
        moduleOf([QueueModule.forRoot(), QueueModule.forFeature({ name: 'f', redisOptions: { db: 2 } })]),
        { logger: false },
      );
      const queue = app.get(QueueService);
      app.get(WorkerService).registerHandler('double', (n) => 2 * n);
      queue.events$.subscribe();
      const job = await queue.add({ type: 'double', identifyTag: 't', payload: 21 });
      const result = await queue.waitUntilFinished(job, 10000);
      await queue.add({ type: 'double', identifyTag: 't', payload: 1 }, { delay: 60000 });
      await app.close();
      emit(result);`,
      { REDIS_URL: `redis://app:${encodeURIComponent(secret)}@${locked.host}:${locked.port}` },
    );
    expect(said).toBe(42);
  });

  it('by a signal, when Nest is asked to listen to it', async () => {
    const { code, said, stderr } = await runInChild(
      `
      const app = await NestFactory.createApplicationContext(moduleOf([QueueModule.forRoot()]), { logger: false });
      app.enableShutdownHooks();
      app.get(WorkerService).registerHandler('slow', async () => {
        process.kill(process.pid, 'SIGTERM');
        await new Promise((resolve) => setTimeout(resolve, 200));
        emit('the running task has ended');
      });
      await app.get(QueueService).add({ type: 'slow', identifyTag: 't', payload: 0 });`,
      { env: { REDIS_URL: `redis://app:${encodeURIComponent(secret)}@${locked.host}:${locked.port}/4` } },
    );
    expect(said).toEqual(['the running task has ended']);
    expect(stderr).toBe('');
    expect(code).toBeNull(); // by SIGTERM itself, which Nest sends again
    const url = `${locked.url.replace('//', `//:${encodeURIComponent(secret)}@`)}/4`;
    expect(await withClient(url, (client) => client.exists('scheduler:election:lock'))).toBe(0);
  });
});

import { afterAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { InvalidOptionsError, RedisClusterNotSupportedError } from '../errors/errors.js';
import { redisAddress } from './redis-address.js';
import { resolveFeatureOptions, resolveRootOptions } from './resolve-options.js';

type Variables = Record<string, string>;

const clients: { disconnect(): void }[] = [];
const keep = <T extends { disconnect(): void }>(client: T): T => {
  clients.push(client);
  return client;
};
afterAll(() => clients.forEach((client) => client.disconnect()));

function resolve(redisOptions: unknown, variables: Variables = {}) {
  const options = { redisOptions } as { redisOptions: object };
  return resolveRootOptions(options, (name) => variables[name]).options.redis;
}

function errorOf(redisOptions: unknown, variables: Variables = {}): InvalidOptionsError {
  try {
    resolve(redisOptions, variables);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
    throw error;
  }
  throw new Error('The options are valid.');
}

const everyVariable = {
  REDIS_HOST: 'env-host',
  REDIS_PORT: '7000',
  REDIS_USERNAME: 'env-user',
  REDIS_PASSWORD: 'env-password',
  REDIS_DB: '5',
};

describe('variables', () => {
  it('say where Redis is when no option does', () => {
    const options = { host: 'env-host', port: 7000, username: 'env-user', password: 'env-password', db: 5 };
    expect(resolve(undefined, everyVariable).options).toEqual(options);
    expect(resolve({ commandTimeout: 5, allowEviction: true }, everyVariable)).toEqual({
      options,
      commandTimeoutMs: 5,
      allowEviction: true,
    });
    expect(resolve({ connectTimeout: 5 }, everyVariable).options).toEqual({ ...options, connectTimeout: 5 });
  });

  it('are beaten as a whole by REDIS_URL', () => {
    const variables = { ...everyVariable, REDIS_URL: 'redis://url-host' };
    expect(resolve(undefined, variables).options).toEqual({ host: 'url-host', port: 6379, db: 0 });
  });

  it.each([
    [{ host: 'x' }],
    [{ port: 6380 }],
    [{ username: 'x' }],
    [{ password: 'x' }],
    [{ db: 1 }],
    [{ tls: false }],
    [{ path: '/tmp/redis.sock' }],
    [{ url: 'redis://x' }],
  ])('are not used beside %p', (redisOptions) => {
    const { options } = resolve(redisOptions, everyVariable);
    expect(JSON.stringify(options)).not.toMatch(/env|7000/);
  });

  it('are used when options are undefined or empty', () => {
    const redisOptions = { host: undefined, password: '', url: undefined };
    expect(resolve(redisOptions, everyVariable).options.host).toBe('env-host');
  });

  it('are named in problems', () => {
    expect(errorOf({}, { REDIS_PORT: 'x', REDIS_DB: '-1' }).details.problems).toMatchObject([
      { option: 'REDIS_DB', value: '-1' },
      { option: 'REDIS_PORT', value: '"x"', allowed: 'a whole number, from 1 to 65535' },
    ]);
    expect(errorOf({}, { REDIS_URL: 'http://x' }).details.problems).toMatchObject([{ option: 'REDIS_URL' }]);
  });
});

describe('url', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }],
    ['redis://h:6380/2', { host: 'h', port: 6380, db: 2 }],
    ['redis://:p%40ss@h', { host: 'h', port: 6379, db: 0, password: 'p@ss' }],
    ['redis://app:pw@h?db=4', { host: 'h', port: 6379, db: 4, username: 'app', password: 'pw' }],
    ['rediss://h', { host: 'h', port: 6379, db: 0, tls: {} }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }],
    ['redis://h?family=0', { host: 'h', port: 6379, db: 0, family: 0 }],
  ])('%s', (url, options) => {
    expect(resolve({ url }).options).toEqual(options);
  });

  it('leaves the rest to the options beside it', () => {
    const beside = { password: 'pw', db: 3, tls: { servername: 'x' } };
    expect(resolve({ url: 'rediss://h', ...beside }).options).toEqual({ host: 'h', port: 6379, ...beside });
    expect(resolve({ url: 'redis://:mine@h/1', ...beside }).options).toMatchObject({
      password: 'mine',
      db: 1,
    });
  });

  it.each([
    'localhost:6379',
    'http://h',
    'redis://',
    'redis://h/x',
    'redis://h/1?db=2',
    'redis://h?ssl=true',
    'redis://h:0',
    'redis://h:99999',
    'redis://:%zz@h',
    'redis://h#1',
  ])('refuses %s', (url) => {
    expect(errorOf({ url }).details.problems).toMatchObject([{ option: 'redisOptions.url' }]);
  });

  it.each([
    'http://:hunter2@h',
    'redis://:hunter2/x@h',
    'redis://:hun ter2@h/x',
    'app:hunter2@h',
    'redis://app:hunter2@h/x',
  ])('does not show the password of %s', (url) => {
    const { message, details } = errorOf({ url });
    expect(`${message} ${JSON.stringify(details)}`).not.toMatch(/ter2/);
    expect(errorOf({}, { REDIS_URL: url }).message).not.toMatch(/ter2/);
  });
});

describe('options', () => {
  it('of the root queue may leave out where Redis is', () => {
    expect(resolveRootOptions({ redisOptions: { db: 2 } }, () => undefined).warnings).toEqual([]);
    expect(resolve({ db: 2 }).options).toEqual({ host: 'localhost', port: 6379, db: 2 });
  });

  it('are handed through to ioredis', () => {
    const retryStrategy = () => 5;
    const options = resolve({
      host: 'h',
      tls: true,
      keepAlive: 5,
      connectionName: 'app',
      retryStrategy,
    }).options;
    expect(options).toEqual({
      host: 'h',
      port: 6379,
      db: 0,
      tls: {},
      keepAlive: 5,
      connectionName: 'app',
      retryStrategy,
    });
  });

  it('may name a socket', () => {
    expect(resolve({ path: '/tmp/redis.sock', db: 1 }).options).toEqual({ path: '/tmp/redis.sock', db: 1 });
  });

  it('may name sentinels', () => {
    const sentinels = [{ host: 's1', port: 26_379 }, { host: 's2' }];
    const redisOptions = { sentinels, name: 'main', sentinelPassword: 'sp', password: 'p' };
    expect(resolve(redisOptions).options).toEqual({ ...redisOptions, db: 0 });
  });

  it.each([
    [{ host: '', port: 0 }, ['port']],
    [{ port: '6379' }, ['port']],
    [{ host: 5 }, ['host']],
    [{ host: 'redis://h:1' }, ['host']],
    [{ host: 'a b' }, ['host']],
    [{ db: 1.5 }, ['db']],
    [{ username: 5 }, ['username']],
    [{ tls: 'yes' }, ['tls']],
    [{ sentinels: [{ host: 's' }] }, ['name']],
    [{ name: 'main' }, ['sentinels']],
    [{ sentinels: [], name: 'main' }, ['sentinels']],
    [{ sentinels: [{ port: 1 }], name: 'main' }, ['sentinels']],
    [{ commandTimeout: 0 }, ['commandTimeout']],
    [{ commandTimeout: '10s' }, ['commandTimeout']],
    [{ allowEviction: 'yes' }, ['allowEviction']],
    [{ keyPrefix: 'x' }, ['keyPrefix']],
    [{ maxRetriesPerRequest: 5 }, ['maxRetriesPerRequest']],
  ])('%p is refused', (redisOptions, keys) => {
    const options = errorOf(redisOptions).details.problems.map(({ option }) => option);
    expect(options).toEqual(keys.map((key) => `redisOptions.${key}`));
  });

  it('never show a password', () => {
    expect(errorOf({ password: 12345 }).message).toContain('redisOptions.password: got a number (hidden)');
    expect(errorOf({ sentinels: [{ host: 's' }], name: 'n', sentinelPassword: 12345 }).message).not.toContain(
      '12345',
    );
  });

  it.each([['redis://:hunter2@h'], [{ host: 'redis://:hunter2@h' }], [{ path: ['hunter2'] }]])(
    'never show a password in the wrong place: %#',
    (redisOptions) => {
      const { message, details } = errorOf(redisOptions);
      expect(`${message} ${JSON.stringify(details)}`).not.toMatch(/ter2/);
    },
  );

  it.each([
    [{ url: 'redis://a', host: 'b' }],
    [{ url: 'redis://a', port: 1 }],
    [{ host: 'a', path: '/b' }],
    [{ host: 'a', sentinels: [{ host: 's' }], name: 'n' }],
  ])('%p say where in two ways', (redisOptions) => {
    expect(errorOf(redisOptions).details.problems).toMatchObject([{ option: 'redisOptions' }]);
  });
});

describe('a client', () => {
  const client = keep(new Redis({ lazyConnect: true, host: 'h', password: 'hunter2' }));

  it('is taken, bare or as instance', () => {
    const redis = { instance: client, options: {}, commandTimeoutMs: 10_000, allowEviction: false };
    expect(resolve(client, everyVariable)).toEqual(redis);
    expect(resolve({ instance: client, commandTimeout: 5, allowEviction: true })).toEqual({
      ...redis,
      commandTimeoutMs: 5,
      allowEviction: true,
    });
  });

  it('leaves no room for options of the connection', () => {
    const options = errorOf({ instance: client, host: 'x', connectTimeout: 5 }).details.problems;
    expect(options.map(({ option }) => option)).toEqual(['redisOptions.host', 'redisOptions.connectTimeout']);
  });

  it('is inherited by features', () => {
    const root = resolveRootOptions({ redisOptions: client }, () => undefined).options;
    const redisOf = (redisOptions: object) =>
      resolveFeatureOptions({ name: 'f', redisOptions }, root).options.redis;
    expect(redisOf({ commandTimeout: 5 })).toMatchObject({ instance: client, commandTimeoutMs: 5 });
    expect(redisOf({ host: 'other' }).instance).toBeUndefined();
    expect(() => redisOf({ connectTimeout: 5 })).toThrow('a value beside instance of forRoot');
    expect(redisOf({ db: 4 })).toMatchObject({ instance: client, options: { db: 4 } });
    expect(redisAddress(redisOf({ db: 4 }))).toBe('h:6379, db 4');
  });

  it('must be one', () => {
    expect(errorOf({ instance: {} }).details.problems).toMatchObject([
      { option: 'redisOptions.instance', value: 'an object' },
    ]);
    const prefixed = keep(new Redis({ lazyConnect: true, keyPrefix: 'x:' }));
    expect(errorOf(prefixed).details.problems).toMatchObject([{ option: 'redisOptions.instance.keyPrefix' }]);
  });

  it('of a cluster is refused', () => {
    const cluster = keep(new Cluster([{ host: 'h' }], { lazyConnect: true }));
    expect(() => resolve(cluster)).toThrow(RedisClusterNotSupportedError);
    expect(() => resolve({ instance: cluster })).toThrow(RedisClusterNotSupportedError);
  });
});

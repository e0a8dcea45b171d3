import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisUnavailableError, type QueueModuleOptions } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/app.js';
import { startOwnServer, startSentinel, type OwnServer } from '../../support/own-server.js';
import { uniqueName } from '../../support/redis.js';
import { timers } from '../../support/timers.js';
import { until } from '../../support/until.js';

const [username, password] = ['app', 'login-password'];
/** The only user who may do anything. */
const onlyUser = ['--user', username, 'on', `>${password}`, '~*', '&*', '+@all', '--user', 'default', 'off'];

let folder: string;
/** Of the certificate, which vouches for itself. */
let ca: string;
let certificate: string[];
const servers: OwnServer[] = [];
let timersBefore: number;
beforeAll(async () => {
  timersBefore = timers();
  folder = await mkdtemp(join(tmpdir(), 'affinity-logins-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...names]);
  certificate = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
  ca = await readFile(cert, 'utf8');
});
afterEach(async () => {
  await closeAll();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(async () => {
  // For each time that ioredis asked a Sentinel, it keeps a timer of two seconds from when it hangs up, even if the Sentinel had
  // done so first. A `disconnectTimeout` does not reach it.
  await until('no timer of ours is left', () => timers() <= timersBefore);
  await rm(folder, { recursive: true, force: true });
});

async function server(...args: string[]): Promise<OwnServer> {
  const started = await startOwnServer(...args);
  servers.push(started);
  return started;
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** It listens for nothing but TLS. */
async function onlyTls(): Promise<{ port: number; args: string[] }> {
  const port = await freePort();
  return {
    port,
    args: ['--port', '0', '--tls-port', String(port), ...certificate, '--tls-auth-clients', 'no'],
  };
}

async function start(redisOptions: QueueModuleOptions['redisOptions']) {
  const options = { name: uniqueName(), redisOptions, workerOptions: { shutdownTimeout: 500 } };
  return startInstance(options, (workers) => {
    workers.registerHandler('note', (payload: unknown) => payload);
  });
}

/** Uses the connections of all purposes: commands, the waits of workers and leaders, events. */
async function works({ queue }: Awaited<ReturnType<typeof start>>, payload: unknown): Promise<void> {
  const job = await queue.add({ type: 'note', identifyTag: 't', payload });
  expect(await queue.waitUntilFinished(job, 15_000)).toBe(payload);
}

async function purposes(options: RedisOptions): Promise<string[]> {
  const admin = new Redis(options);
  const list = String(await admin.client('LIST'));
  admin.disconnect();
  const names = [...list.matchAll(/ name=affinity:\S*:(\w+) .* user=app/g)].map(([, purpose]) => purpose!);
  return names.sort();
}
const allPurposes = ['commands', 'events', 'leaders', 'workers'];

describe('TLS', () => {
  it('and a user name reach every connection; a certificate that nobody vouches for is refused', async () => {
    const { port: tlsPort, args } = await onlyTls();
    await server(...args, ...onlyUser);
    const place = { host: '127.0.0.1', port: tlsPort, username, password };
    const instance = await start({ ...place, tls: { ca } });
    await works(instance, 'over TLS');
    expect(await purposes({ ...place, tls: { ca } })).toEqual(allPurposes);
    await instance.close();
    const byUrl = await start({ url: `rediss://${username}:${password}@localhost:${tlsPort}`, tls: { ca } });
    await works(byUrl, 'by URL');
    await byUrl.close();

    for (const redisOptions of [
      { ...place, tls: true },
      { url: `rediss://${username}:${password}@127.0.0.1:${tlsPort}` },
      { ...place, tls: { ca, servername: 'redis.example.org' } },
      place,
    ]) {
      const error: unknown = await start({ ...redisOptions, commandTimeout: 1_000 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(RedisUnavailableError);
      // What is only slow has no reason.
      expect((error as Error).message).toMatch(/certificate|ECONNRESET|EPIPE|closed/);
      expect((error as Error).message).not.toContain(password);
    }
  });
});

/** How Sentinels are reached, and what they watch: a Redis with one replica. */
interface Way {
  readonly how: string;
  /** Arguments of a server, and the port that it listens on. */
  readonly place: () => Promise<{ port: number; args: string[] }>;
  /** Lines of the Sentinel's configuration. */
  readonly login: string;
  readonly options: () => QueueModuleOptions['redisOptions'] & RedisOptions;
  /** Other options, with which nothing starts, and with which error. */
  readonly refused: () => [wrong: object, code: string, reason: RegExp][];
}

const sentinelPassword = 'sentinel-password';
const badLogin = ['AFFINITY_REDIS_AUTHENTICATION', /refuses the login \(.*WRONGPASS/] as const;
const noLogin = ['AFFINITY_REDIS_AUTHENTICATION', /refuses the login \(.*NOAUTH/] as const;
const unavailable = 'AFFINITY_REDIS_UNAVAILABLE';
const ways: Way[] = [
  {
    how: 'with a password',
    place: async () => {
      const port = await freePort();
      return { port, args: ['--port', String(port)] };
    },
    login: `requirepass ${sentinelPassword}`,
    options: () => ({ sentinelPassword }),
    refused: () => [
      [{ sentinelPassword: 'another' }, ...badLogin],
      [{ sentinelPassword: undefined }, ...noLogin],
    ],
  },
  {
    how: 'with TLS and a user name',
    place: async () => {
      const { port, args } = await onlyTls();
      return { port, args: [...args, '--tls-replication', 'yes'] };
    },
    login: `user watcher on >${sentinelPassword} ~* &* +@all\nuser default off`,
    options: () => ({
      ...{ sentinelUsername: 'watcher', sentinelPassword },
      ...{ enableTLSForSentinelMode: true, sentinelTLS: { ca }, tls: { ca } },
    }),
    refused: () => [
      [{ sentinelUsername: 'nobody' }, ...badLogin],
      [{ sentinelPassword: 'another' }, ...badLogin],
      [{ sentinelTLS: {} }, unavailable, /All sentinels are unreachable.*closed/],
      [{ tls: {} }, unavailable, /self-signed certificate/],
      [{ enableTLSForSentinelMode: false }, unavailable, /ECONNRESET|EPIPE|closed/],
    ],
  },
];

describe('Sentinel', () => {
  it.each(ways)('$how leads every connection to the master, also after a failover', async (way) => {
    const logins = [...onlyUser, '--masteruser', username, '--masterauth', password];
    const [masterPlace, replicaPlace, sentinelPlace] = [
      await way.place(),
      await way.place(),
      await way.place(),
    ];
    const master = await server(...masterPlace.args, ...logins);
    await server(
      ...[...replicaPlace.args, ...logins],
      ...['--replicaof', '127.0.0.1', String(masterPlace.port), '--repl-diskless-sync-delay', '0'],
    );
    const { sentinelUsername, sentinelTLS, tls } = way.options();
    const at = ({ port }: { port: number }): RedisOptions => ({
      ...{ host: '127.0.0.1', port, username, password },
      ...(tls && { tls }),
    });
    // A Sentinel that finds the replica before it has a link looks again only after ten seconds.
    const replica = new Redis(at(replicaPlace));
    await until('the replica has its link', async () =>
      (await replica.info('replication')).includes('master_link_status:up'),
    );
    replica.disconnect();
    const config = join(folder, `sentinel-${sentinelPlace.port}.conf`);
    await writeFile(
      config,
      [
        'sentinel resolve-hostnames no',
        `sentinel monitor main 127.0.0.1 ${masterPlace.port} 1`,
        `sentinel auth-user main ${username}`,
        `sentinel auth-pass main ${password}`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 5000',
        way.login,
        '',
      ].join('\n'),
    );
    servers.push(await startSentinel(config, ...sentinelPlace.args));
    const asSentinel = new Redis({
      port: sentinelPlace.port,
      ...(sentinelUsername !== undefined && { username: sentinelUsername }),
      ...(sentinelTLS && { tls: sentinelTLS }),
      password: sentinelPassword,
    });
    await until(
      'the Sentinel knows the replica',
      async () => {
        const replicas = (await asSentinel.call('SENTINEL', 'REPLICAS', 'main')) as string[][];
        return replicas.some((fields) => fields[fields.indexOf('master-link-status') + 1] === 'ok');
      },
      { timeoutMs: 20_000, everyMs: 50 },
    );
    const login = { username, password, commandTimeout: 10_000 };
    const sentinels = [{ host: '127.0.0.1', port: sentinelPlace.port }];
    const instance = await start({ sentinels, name: 'main', ...way.options(), ...login });
    await works(instance, 'before');
    expect(await purposes(at(masterPlace))).toEqual(allPurposes);

    await master.stop();
    servers.splice(servers.indexOf(master), 1);
    await works(instance, 'after');
    // Connections that wait come back one after the other.
    await until('all have followed', async () =>
      isDeepStrictEqual(await purposes(at(replicaPlace)), allPurposes),
    );
    expect(await asSentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')).toEqual([
      '127.0.0.1',
      String(replicaPlace.port),
    ]);
    asSentinel.disconnect();
    await instance.close();

    // A login that the Sentinels refuse, or a certificate that nobody vouches for, ends the start, and the error has the
    // reason: what is only slow has none.
    await Promise.all(
      way.refused().map(async ([wrong, code, reason]) => {
        // A refused login ends it at once; the rest is tried until then.
        const commandTimeout = code === 'AFFINITY_REDIS_AUTHENTICATION' ? 30_000 : 3_000;
        const options = { sentinels, name: 'main', ...way.options(), ...login, commandTimeout, ...wrong };
        const since = performance.now();
        const error: unknown = await start(options as QueueModuleOptions['redisOptions']).catch(
          (refusal: unknown) => refusal,
        );
        expect(error).toMatchObject({ code, message: expect.stringMatching(reason) });
        expect((error as Error).message).not.toContain(sentinelPassword);
        expect(performance.now() - since).toBeLessThan(20_000);
      }),
    );
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisUnavailableError, type QueueModuleOptions } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/app.js';
import { startOwnServer, startSentinel, type OwnServer } from '../../support/own-server.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

const [username, password] = ['app', 'login-password'];
/** The only user who may do anything. */
const onlyUser = ['--user', username, 'on', `>${password}`, '~*', '&*', '+@all', '--user', 'default', 'off'];

let folder: string;
const servers: OwnServer[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'affinity-logins-'));
});
afterEach(async () => {
  await closeAll();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...names]);
    const tlsPort = String(await freePort());
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    // It listens for nothing but TLS.
    await server('--port', '0', '--tls-port', tlsPort, ...files, '--tls-auth-clients', 'no', ...onlyUser);
    const ca = await readFile(cert, 'utf8');
    const place = { host: '127.0.0.1', port: Number(tlsPort), username, password };
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
      expect((error as Error).message).not.toContain(password);
    }
  });
});

describe('Sentinel', () => {
  it('leads every connection to the master, also after a failover; both logins are used', async () => {
    const master = await server(...onlyUser, '--masteruser', username, '--masterauth', password);
    const portOf = ({ url }: OwnServer) => new URL(url).port;
    const replica = await server(
      ...[...onlyUser, '--masteruser', username, '--masterauth', password],
      ...['--replicaof', '127.0.0.1', portOf(master), '--repl-diskless-sync-delay', '0'],
    );
    const config = join(folder, 'sentinel.conf');
    await writeFile(
      config,
      [
        'sentinel resolve-hostnames no',
        `sentinel monitor main 127.0.0.1 ${portOf(master)} 1`,
        `sentinel auth-user main ${username}`,
        `sentinel auth-pass main ${password}`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 5000',
        'requirepass sentinel-password',
        '',
      ].join('\n'),
    );
    const sentinel = await startSentinel(config);
    servers.push(sentinel);
    const asSentinel = new Redis(sentinel.url, { password: 'sentinel-password' });
    await until(
      'the Sentinel knows the replica',
      async () => {
        const replicas = (await asSentinel.call('SENTINEL', 'REPLICAS', 'main')) as string[][];
        return replicas.some((fields) => fields[fields.indexOf('master-link-status') + 1] === 'ok');
      },
      { timeoutMs: 20_000, everyMs: 50 },
    );
    const instance = await start({
      sentinels: [{ host: '127.0.0.1', port: Number(portOf(sentinel)) }],
      name: 'main',
      sentinelPassword: 'sentinel-password',
      username,
      password,
      commandTimeout: 10_000,
    });
    await works(instance, 'before');
    const at = (one: OwnServer): RedisOptions => ({
      host: '127.0.0.1',
      port: Number(portOf(one)),
      username,
      password,
    });
    expect(await purposes(at(master))).toEqual(allPurposes);

    await master.stop();
    servers.splice(servers.indexOf(master), 1);
    await works(instance, 'after');
    expect(await purposes(at(replica))).toEqual(allPurposes);
    expect(await asSentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')).toEqual([
      '127.0.0.1',
      portOf(replica),
    ]);
    asSentinel.disconnect();
    await instance.close();

    // A login that the Sentinels refuse ends the start.
    const refused = start({
      sentinels: [{ host: '127.0.0.1', port: Number(portOf(sentinel)) }],
      ...{ name: 'main', sentinelPassword: 'another', username, password, commandTimeout: 1_000 },
    });
    await expect(refused).rejects.toMatchObject({
      code: expect.stringMatching(/AFFINITY_REDIS_(UNAVAILABLE|AUTH)/),
    });
  });
});

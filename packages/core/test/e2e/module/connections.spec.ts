import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  getQueueServiceToken,
  getWorkerServiceToken,
  QueueModule,
  QueueService,
  type WorkerService,
} from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';
import {
  ourConnections,
  startRedis,
  stopRedisServers,
  withClient,
  type OwnRedis,
} from './support/redis-server.js';

/** A server of this file alone: its connections are counted. */
let own: OwnRedis;
beforeAll(async () => {
  own = await startRedis();
});
beforeEach(() => log.clear());
afterEach(closeApps);
afterAll(stopRedisServers);

const options = (name: string, more: Parameters<typeof rootOptions>[1] = {}) =>
  rootOptions(name, { redisOptions: { url: own.url }, ...more });

/** Purposes of the connections, as soon as there are so many and no others come. */
async function connections(count: number, prefix = 'affinity:'): Promise<string[]> {
  const names = await until(`${count} connections`, async () => {
    const list = await ourConnections(own.url, prefix);
    return list.length === count ? list : undefined;
  });
  return names.map((name) => name.slice(name.lastIndexOf(':') + 1)).sort();
}

async function run(app: INestApplicationContext, name?: string): Promise<unknown> {
  const workers = app.get<WorkerService>(getWorkerServiceToken(name));
  const queue = app.get<QueueService>(getQueueServiceToken(name));
  workers.registerHandler('note', async (payload) => payload);
  const job = await queue.add({ type: 'note', identifyTag: 'tag', payload: 'done' });
  await until('the task is done', async () => (await job.getState()) === 'completed');
  return job.id;
}

describe('an instance has', () => {
  it('three connections with any number of workers and queues, and one more once events are used', async () => {
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(options(name, { workerOptions: { workerCount: 5 } })),
      QueueModule.forFeature({ name: `${name}-a` }),
      QueueModule.forFeature({
        name: `${name}-b`,
        redisOptions: { url: own.url },
        workerOptions: { workerCount: 3 },
      }),
    ]);
    for (const queue of [undefined, `${name}-a`, `${name}-b`]) await run(app, queue);
    expect(await connections(3)).toEqual(['commands', 'leaders', 'workers']);

    const queue = app.get(QueueService);
    const subscription = queue.events$.subscribe();
    expect(await connections(4)).toEqual(['commands', 'events', 'leaders', 'workers']);
    const job = await queue.add({ type: 'note', identifyTag: 'tag', payload: 1 });
    await expect(queue.waitUntilFinished(job, 10_000)).resolves.toBe(1);
    expect(await connections(4)).toHaveLength(4);
    subscription.unsubscribe();
    await app.close();
    expect(await connections(0)).toEqual([]);
  });

  it.each([
    ['PRODUCER', ['commands']],
    ['WORKER', ['commands', 'workers']],
    ['SCHEDULER', ['commands', 'leaders']],
  ] as const)('in role %s only those that it needs', async (role, purposes) => {
    const app = await startApp([QueueModule.forRoot(options(uniqueName(), { role }))]);
    await app.get(QueueService).add({ type: 'note', identifyTag: 't', payload: 0 });
    expect(await connections(purposes.length)).toEqual(purposes);
  });

  it('connections of its own for a queue that logs in otherwise or waits otherwise', async () => {
    const name = uniqueName();
    await withClient(own.url, (client) =>
      client.call('ACL', 'SETUSER', 'other', 'on', '>pw', '+@all', '~*', '&*'),
    );
    const app = await startApp([
      QueueModule.forRoot(options(name)),
      QueueModule.forFeature({ name: `${name}-a`, redisOptions: { username: 'other', password: 'pw' } }),
    ]);
    await run(app);
    await run(app, `${name}-a`);
    const list = await withClient(own.url, async (client) => String(await client.client('LIST')));
    const users = list
      .split('\n')
      .flatMap((line) => (line.includes('name=affinity:') ? [/ user=(\w+)/.exec(line)?.[1]] : []));
    expect(users.sort()).toEqual(['default', 'default', 'default', 'other', 'other', 'other']);
    // In one database: neither set may take what wakes the other's workers.
    const ids = [...list.matchAll(/name=affinity:(\S+):workers/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(2);
    const [root, feature] = await Promise.all(
      [undefined, `${name}-a`].map(async (queue) =>
        app.get<QueueService>(getQueueServiceToken(queue)).getWorkers(),
      ),
    );
    expect(root!.map(({ workerId }) => workerId)).not.toEqual(feature!.map(({ workerId }) => workerId));
  });

  it('the name and the patience that it is given', async () => {
    const waits: number[] = [];
    const redisOptions = {
      url: own.url,
      connectionName: 'shop',
      retryStrategy: (attempt: number) => {
        waits.push(attempt);
        return 1;
      },
    };
    const app = await startApp([QueueModule.forRoot(options(uniqueName(), { redisOptions }))]);
    await run(app);
    expect(await connections(3, 'shop:')).toEqual(['commands', 'leaders', 'workers']);
    await withClient(own.url, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    expect(await connections(3, 'shop:')).toHaveLength(3);
    expect(waits.length).toBeGreaterThan(0);
    await expect(app.get(QueueService).getQueueStats()).resolves.toMatchObject({ completed: 1 });
  });
});

describe('a client of the application', () => {
  it('is used through copies and stays open, whatever its settings', async () => {
    const client = new Redis(own.url, {
      db: 5,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      stringNumbers: true,
      enableAutoPipelining: true,
      commandTimeout: 50,
      connectionName: 'mine',
    });
    await client.connect();
    const listeners = client.listenerCount('error');
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(options(name, { redisOptions: client, workerOptions: { workerCount: 3 } })),
      QueueModule.forFeature({ name: `${name}-a` }),
      QueueModule.forFeature({ name: `${name}-b`, redisOptions: { db: 6 } }),
    ]);
    for (const queue of [undefined, `${name}-a`, `${name}-b`]) await run(app, queue);
    await expect(
      app
        .get(QueueService)
        .waitUntilFinished(
          await app.get(QueueService).add({ type: 'note', identifyTag: 't', payload: 7 }),
          10_000,
        ),
    ).resolves.toBe(7);
    expect(log.texts('ERROR')).toEqual([]);
    expect((await client.keys(`*${name}*`)).length).toBeGreaterThan(0);
    expect(await client.keys(`*${name}-b*`)).toEqual([]);
    // Three for its database and three for the other one, the events of one queue, and the client itself.
    const all = await ourConnections(own.url, '');
    expect(all.filter((connection) => connection === 'mine')).toHaveLength(1);
    await app.close();
    expect(await connections(0)).toEqual([]);
    expect(client.status).toBe('ready');
    expect(await client.ping()).toBe('PONG');
    expect(client.listenerCount('error')).toBe(listeners);
    client.disconnect();
  });

  it('may be given beside options that are not its own', async () => {
    const instance = new Redis(own.url);
    const redisOptions = { instance, commandTimeout: 5_000, allowEviction: true };
    const app = await startApp([QueueModule.forRoot(options(uniqueName(), { redisOptions }))]);
    await run(app);
    await app.close();
    expect(await instance.ping()).toBe('PONG');
    instance.disconnect();
  });

  it('stays open when the start fails', async () => {
    const instance = new Redis(own.url);
    const name = uniqueName();
    await instance.hset(`bull:${name}-pending:aff:ctl`, 'layout', '999');
    await expect(startApp([QueueModule.forRoot(options(name, { redisOptions: instance }))])).rejects.toThrow(
      'layout',
    );
    expect(await instance.ping()).toBe('PONG');
    instance.disconnect();
  });
});

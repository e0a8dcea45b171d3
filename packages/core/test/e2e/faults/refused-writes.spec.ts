import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CommandTimeoutError, RedisRefusesWritesError } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/app.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { Recorder } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { Switch } from '../../support/switch.js';
import { gate, until } from '../../support/until.js';

const task = (payload: unknown) => ({ type: 'note', identifyTag: 't', payload });
const nowhere = ['127.0.0.1', '1'] as const;

/** One instance with a task that holds until the gate opens. */
async function start(url: string, commandTimeout = 1_000) {
  const recorder = new Recorder();
  const held = gate();
  const aborted: unknown[] = [];
  const instance = await startInstance(
    { name: uniqueName(), redisOptions: { url, commandTimeout } },
    (workers) => {
      workers.registerHandler(
        'note',
        recorder.handler(async (payload, { signal, attempt }) => {
          if (payload !== 'hold' || attempt > 1) return;
          signal.addEventListener('abort', () => aborted.push((signal.reason as { code?: unknown }).code));
          await held.promise;
        }),
      );
    },
  );
  return { ...instance, recorder, held, aborted };
}

let server: OwnServer;
let admin: Redis;
beforeAll(async () => {
  server = await startOwnServer();
  admin = new Redis(server.url);
});
afterEach(closeAll);
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

describe('a Redis that becomes a read-only replica', () => {
  it('refuses adds with a typed error; workers stop at their lease, and all goes on when it is a master again', async () => {
    const { queue, workers, election, recorder, held, aborted } = await start(server.url);
    await queue.add(task('hold'));
    await until('it runs', () => recorder.runs.length === 1);
    await admin.replicaof(...nowhere);
    try {
      const from = performance.now();
      const refused = await Promise.allSettled([
        queue.add(task('refused')),
        queue.addBulk([task('refused')]),
        queue.add(task('refused'), { delay: 1 }),
        queue.pauseTag('t'),
      ]);
      expect(performance.now() - from).toBeLessThan(4_000);
      for (const result of refused) {
        const reason = (result as PromiseRejectedResult).reason as unknown;
        expect([RedisRefusesWritesError, CommandTimeoutError].some((type) => reason instanceof type)).toBe(
          true,
        );
      }
      expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({
        code: 'AFFINITY_REDIS_REFUSES_WRITES',
        details: { reply: 'READONLY' },
      });
      await until('it leads no more', () => !election.isLeader());
      await until('no worker may run tasks', () => workers.getWorkerStates().length === 0);
      expect(aborted).toEqual(['AFFINITY_LEASE_LOST']);
    } finally {
      await admin.replicaof('NO', 'ONE');
    }
    held.open();
    await until('a worker is back', () => workers.getWorkerStates().length === 1);
    const job = await queue.add(task('after'));
    await queue.waitUntilFinished(job, 15_000);
    expect(recorder.payloads()).toEqual(['hold', 'hold', 'after']);
  });

  it('while another one has become the master behind the same address: the connections go there', async () => {
    const replica = await startOwnServer();
    const second = new Redis(replica.url);
    const behind = await Switch.before(server.url);
    try {
      await second.replicaof('127.0.0.1', Number(new URL(server.url).port));
      await until(
        'it is in step',
        async () => (await second.info('replication')).includes('master_link_status:up'),
        {
          timeoutMs: 20_000,
        },
      );
      const { queue, recorder } = await start(behind.url);
      await queue.waitUntilFinished(await queue.add(task('before')), 10_000);
      await until('it has been copied', async () => (await second.dbsize()) === (await admin.dbsize()));
      behind.target = replica.url;
      await second.replicaof('NO', 'ONE');
      await admin.replicaof(...nowhere);
      const adding = async () => {
        const [result] = await Promise.allSettled([queue.add(task('after'))]);
        return result.status === 'fulfilled' ? result.value : undefined;
      };
      const job = await until('a task can be added', adding);
      await queue.waitUntilFinished(job, 15_000);
      expect(recorder.payloads()).toEqual(['before', 'after']);
      await closeAll();
    } finally {
      await admin.replicaof('NO', 'ONE');
      second.disconnect();
      await behind.close();
      await replica.stop();
    }
  });
});

describe('a Redis that is loading its data', () => {
  it('makes adds wait, and fail in time; when it is ready everything goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'affinity-loading-'));
    const args = ['--appendonly', 'yes', '--dir', folder];
    const first = await startOwnServer(...args);
    const { port } = new URL(first.url);
    const { queue, recorder, workers } = await start(first.url, 400);
    await queue.waitUntilFinished(await queue.add(task('before')), 10_000);
    const client = new Redis(first.url);
    // Each key of these takes a millisecond to load then.
    await client.eval("for i = 1, 3000 do redis.call('SET', 'filler:' .. i, 'x') end", 0);
    await client.bgrewriteaof();
    await until('it is written', async () =>
      (await client.info('persistence')).includes('aof_rewrite_in_progress:0'),
    );
    client.disconnect();
    await first.stop();
    const slowly = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'];
    const starting = startOwnServer(...args, ...slowly, '--port', port);
    try {
      const watcher = new Redis(first.url, { enableReadyCheck: false, maxRetriesPerRequest: null });
      watcher.on('error', () => undefined);
      await until('it is loading', async () => (await watcher.info('persistence')).includes('loading:1'));
      watcher.disconnect();
      const from = performance.now();
      const error: unknown = await queue.add(task('too early')).catch((reason: unknown) => reason);
      expect([RedisRefusesWritesError, CommandTimeoutError].some((type) => error instanceof type)).toBe(true);
      expect(performance.now() - from).toBeLessThan(2_000);
    } finally {
      await starting;
    }
    await until('a worker is back', () => workers.getWorkerStates().length === 1, { timeoutMs: 15_000 });
    await queue.waitUntilFinished(await queue.add(task('after')), 15_000);
    expect(recorder.payloads()).toEqual(expect.arrayContaining(['before', 'after']));
    await closeAll();
    await (await starting).stop();
    await rm(folder, { recursive: true, force: true });
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { closeAll, startInstance } from '../support/app.js';
import { testRedisUrl, uniqueName } from '../support/redis.js';
import { gate, until } from '../support/until.js';
import { documentedKeys, patternOf } from './support/documented-keys.js';
import { databases } from './support/environment.js';
import { root, tableUnder } from './support/markdown.js';

const name = uniqueName();
const names = { queue: `${name}-pending`, prefix: `${name}-worker`, state: `${name}-state` };
/** Keys of an instance do not name their queue: nobody else may use this database. */
const url = `${testRedisUrl()}/${databases.keys}`;

let redis: Redis;

beforeAll(() => {
  redis = new Redis(url);
});

afterAll(() => {
  redis.disconnect();
});

afterEach(closeAll);

describe('the tables of keys', () => {
  it('have every key of a busy queue with its type, and what stays of an empty one', async () => {
    const seen = new Map<string, string>();
    const look = async (): Promise<void> => {
      for (const key of await redis.keys('*')) {
        const type = await redis.type(key);
        // It can be gone between the two commands.
        if (type !== 'none') seen.set(key, type);
      }
    };
    const { finish } = await fillQueue(look);
    await look();

    const undocumented = [...seen].filter(
      ([key, type]) =>
        documentedKeys.filter((row) => patternOf(row, names).test(key) && row.type === type).length !== 1,
    );
    expect(undocumented).toEqual([]);
    const missing = documentedKeys.filter(
      (row) =>
        !row.lives.includes('until it is read') &&
        ![...seen.keys()].some((key) => patternOf(row, names).test(key)),
    );
    expect(missing.map(({ key }) => key)).toEqual([]);

    await finish();
    const left = await redis.keys('*');
    const mayStay = documentedKeys.filter(({ lives }) =>
      /^(stays|60 s|until it is removed)|after a crash, stays/.test(lives),
    );
    expect(left.filter((key) => !mayStay.some((row) => patternOf(row, names).test(key)))).toEqual([]);
    expect(left.filter((key) => key.endsWith(':election:vacancy'))).toHaveLength(1);
  });
});

describe('the rows of keys that have parts', () => {
  const lua = readdirSync(join(root, 'packages/core/src/redis/scripts'), {
    recursive: true,
    encoding: 'utf8',
  })
    .filter((file) => file.endsWith('.lua'))
    .map((file) => readFileSync(join(root, 'packages/core/src/redis/scripts', file), 'utf8'))
    .join('\n');

  it("have every field of a worker's meta that a script reads", () => {
    const [, , content] = tableUnder('docs/reference/redis-keys.md', 'Worker queues').find(([key]) =>
      key!.includes(':meta'),
    )!;
    const documented = [...content!.matchAll(/`(\w+)`/g)].map(([, field]) => field);
    const read = [...lua.matchAll(/workerMeta\(\w+, ([^)]*)\)/g)]
      .flatMap(([, fields]) => [...fields!.matchAll(/'(\w+)'/g)])
      .map(([, field]) => field);
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((field) => !documented.includes(field))).toEqual([]);
  });

  it('have the word by which a worker is told to abort', () => {
    const [, built] = /function cancelMember\(worker, attempt, seq, id\) return (.*) end/.exec(lua)!;
    const member = built!.split(' .. ').map((part) => /'(.*)'/.exec(part)?.[1] ?? `<${part}>`);
    const [, , content] = tableUnder('docs/reference/redis-keys.md', 'Election and workers').find(([key]) =>
      key!.includes('<node>:wake'),
    )!;
    expect(content).toContain(`\`${member.join('')}\``);
  });
});

/** A queue in which everything that has a key is going on at the same time. */
async function fillQueue(look: () => Promise<void>) {
  const held = gate();
  const running = gate();
  const instance = await startInstance(
    {
      name,
      redisOptions: { url },
      workerOptions: { maxBatchSize: 5, shutdownTimeout: 1_000 },
      queueOptions: { identifyTagConcurrency: { default: 1, shared: 2 } },
    },
    (workers) => {
      workers.registerHandler('quick', () => undefined);
      workers.registerHandler('fail', () => Promise.reject(new Error('no')));
      workers.registerHandler('hold', async (_, { log }) => {
        await log('holding');
        running.open();
        await held.promise;
      });
    },
  );
  const { queue, scheduler } = instance;
  await until('the worker is idle', async () => (await queue.getQueueStats()).workersIdle === 1);
  await look();
  const add = (identifyTag: string, type = 'quick', options = {}) =>
    queue.add({ type, identifyTag, payload: null }, options);
  const quick = await queue.addBulk(
    Array.from({ length: 30 }, () => ({ type: 'quick', identifyTag: 'a', payload: null })),
  );
  for (const job of quick) await queue.waitUntilFinished(job, 10_000);
  const failing = await add('x', 'fail', { attempts: 1 });
  await until('a task failed', () => failing.isFailed());
  await add('parked', 'fail', { backoff: 3_600_000 });
  await until('a tag is parked', async () => (await queue.getTagStats('parked')).parkedUntil !== null);
  await queue.pauseTag('paused');
  await add('paused');
  const later = await add('later', 'quick', { delay: 3_600_000 });
  await queue.schedule(
    'yearly',
    { cron: '0 0 1 1 *' },
    { type: 'quick', identifyTag: 'later', payload: null },
  );

  // The worker holds one task of a batch of five; the rest of the tag waits.
  const holding = await queue.addBulk(
    Array.from({ length: 8 }, (_, i) => ({
      type: i === 0 ? 'hold' : 'quick',
      identifyTag: 'held',
      payload: null,
    })),
  );
  await running.promise;
  await until('the rest is dispatched', async () => (await queue.getTagStats('held')).waiting === 7);
  await look();
  await add('ahead');
  await until('a look-ahead', async () => (await queue.getTagStats('ahead')).boundTo.length === 1);
  await add('ready');
  await until('the ring has a tag', async () => (await queue.getQueueStats()).tagsWaiting >= 3);
  await look();

  scheduler.stop();
  await add('held'); // to a tag that the worker has
  const other = new Queue(names.queue, { connection: { url } });
  await other.add('quick', { identifyTag: 'other' });
  await other.add('quick', { identifyTag: 'other' }, { priority: 1 });
  await other.close();
  return {
    /** Lets everything end, and removes what is kept: the tasks and the settings. */
    finish: async () => {
      held.open();
      scheduler.start();
      await queue.waitUntilFinished(holding[0]!, 10_000);
      await queue.resumeTag('paused');
      await queue.purgeTag('parked');
      await queue.remove(later.id!);
      await queue.unschedule('yearly');
      await until('the queue is empty', async () => {
        const { waiting, active } = await queue.getQueueStats();
        return waiting + active === 0;
      });
      await queue.queue.clean(0, 1_000, 'completed');
      await queue.queue.clean(0, 1_000, 'failed');
      await instance.close();
    },
  };
}

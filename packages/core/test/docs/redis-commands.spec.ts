import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { closeAll, startInstance } from '../support/app.js';
import { testRedisUrl } from '../support/redis.js';
import { gate, until } from '../support/until.js';
import { documentedKeys, patternOf } from './support/documented-keys.js';
import { databases } from './support/environment.js';
import { expand, redisLines } from './support/redis-cli.js';

const names = { queue: 'pending-tasks', prefix: 'worker-queue', state: 'worker-state' };
const url = `${testRedisUrl()}/${databases.commands}`;

/** In a queue in which a tenant's task runs and more of it waits, these find something. */
const finds = new Set(['get', 'hget', 'hgetall', 'hmget', 'lindex', 'hlen', 'llen', 'pttl']);
/** Unless nothing is there to be found: no idle worker, no tag that waits for one, nothing that was not taken in. */
const mayBeEmpty = ['aff:idle', 'aff:ring', 'wait'].map((key) => `bull:pending-tasks:${key}`);

let redis: Redis;

beforeAll(() => {
  redis = new Redis(url);
});

afterAll(() => {
  redis.disconnect();
});

afterEach(closeAll);

describe('the redis-cli commands of the documents', () => {
  it('find what they should in a queue with a stuck tenant', async () => {
    const { open, worker } = await stickTenant();
    for (const [file, expected] of [
      ['docs/guides/deployment.md', 5],
      ['ELECTION.md', 5],
      ['RECOVERY.md', 21],
    ] as const) {
      const variables = new Map([['worker', worker]]);
      let commands = 0;
      for (const line of redisLines(file)) {
        if ('variable' in line) {
          variables.set(line.variable, expand(line.text, variables));
          continue;
        }
        commands += 1;
        const [command = '', ...args] = line.words.map((word) => expand(word, variables));
        const known = documentedKeys.some((row) => patternOf(row, names).test(args[0] ?? ''));
        expect({ where: line.where, key: args[0], known }).toEqual({
          where: line.where,
          key: args[0],
          known: true,
        });
        const answer: unknown = await redis.call(command, ...args);
        const text = line.cut ? String(answer).split(' ').slice(1).join(' ') : String(answer);
        if (line.into !== undefined) variables.set(line.into, text);
        const found = Array.isArray(answer) ? answer[0] : answer;
        if (finds.has(command) && !mayBeEmpty.includes(args[0] ?? '')) {
          expect({ where: line.where, found: found ?? 0 }).not.toEqual({ where: line.where, found: 0 });
        }
      }
      expect({ file, commands }).toEqual({ file, commands: expected });
    }
    open();
  });
});

/** One worker, whose batch of two has begun, and three more tasks of the tag. */
async function stickTenant(): Promise<{ open: () => void; worker: string }> {
  const held = gate();
  const running = gate();
  const { queue } = await startInstance(
    {
      name: 'documents',
      redisOptions: { url },
      workerOptions: { maxBatchSize: 2, shutdownTimeout: 1_000 },
      queueOptions: {
        pendingQueueName: names.queue,
        workerQueuePrefix: names.prefix,
        workerStatePrefix: names.state,
      },
    },
    (workers) => {
      workers.registerHandler('hold', async () => {
        running.open();
        await held.promise;
      });
    },
  );
  await queue.addBulk(
    Array.from({ length: 5 }, () => ({ type: 'hold', identifyTag: 'company-123', payload: null })),
  );
  await running.promise;
  const { boundTo } = await until('the rest is taken in', async () => {
    const stats = await queue.getTagStats('company-123');
    return stats.waiting === 4 ? stats : undefined;
  });
  return { open: () => held.open(), worker: boundTo[0]! };
}

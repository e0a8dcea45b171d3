import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { ManualClock } from '../../../src/domain/clock.js';
import type { LeadershipTerm } from '../../../src/election/leadership.interface.js';
import { createMessages } from '../../../src/observability/messages/messages.js';
import { QueueLog } from '../../../src/observability/messages/queue-log.js';
import { resolveRootOptions } from '../../../src/options/resolve-options.js';
import { InstanceIds } from '../../../src/redis/instance-ids.js';
import type { QueueContext } from '../../../src/redis/queue-context.js';
import { queueKeys } from '../../../src/redis/queue-keys.js';
import { QueueScripts } from '../../../src/redis/queue-scripts.js';
import { RedisHub } from '../../../src/redis/redis-hub.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { RecoveryService } from '../../../src/recovery/recovery-service.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

const heartbeatTimeout = 1_000;
let hub: RedisHub;
let context: QueueContext;
let clock: ManualClock;
let errors: Error[];
let abort: AbortController;
let running: Promise<void> | undefined;

const lockValue = 'leader:1';

/** A leader's recovery, and nothing else of it. */
function run(): void {
  const service = new RecoveryService({
    context,
    log: new QueueLog(createMessages('en')),
    onError: (error) => errors.push(error as Error),
    clock,
  });
  const term: LeadershipTerm = {
    lockValue,
    signal: abort.signal,
    fenced: () => {
      errors.push(new Error('fenced'));
    },
  };
  running = service.run(term);
}

const meta = (workerId: string): string => context.keys.workerMeta(workerId);
async function leaveQueueOf(workerId: string): Promise<void> {
  await hub.commands.hset(meta(workerId), { queue: context.keys.base, node: 'gone' });
}

const untilGone = (workerIds: readonly string[]): Promise<unknown> =>
  until('they are recovered', async () => (await hub.commands.exists(...workerIds.map(meta))) === 0);

beforeAll(() => {
  Logger.overrideLogger(false);
});
beforeEach(async () => {
  const name = uniqueName();
  const { options } = resolveRootOptions(
    {
      redisOptions: { url: testRedisUrl() },
      queueOptions: {
        pendingQueueName: `${name}-pending`,
        workerQueuePrefix: `${name}-worker`,
        workerStatePrefix: `${name}-state`,
      },
      electionOptions: { electionLockTtl: 5_000, heartbeatInterval: 100, heartbeatTimeout },
    },
    () => undefined,
  );
  errors = [];
  clock = new ManualClock(10_000);
  abort = new AbortController();
  const ids = new InstanceIds(uniqueName('node'));
  hub = new RedisHub(options.redis, ids, (error) => errors.push(error as Error));
  const keys = queueKeys(options);
  const scripts = new QueueScripts(new ScriptRunner(hub.commands, 5_000, composeScripts()), keys);
  context = { nodeId: ids.nodeId, options, keys, hub, scripts };
  await hub.commands.set(keys.electionLock, lockValue);
});
afterEach(async () => {
  abort.abort();
  await running;
  await hub.close();
});

describe('RecoveryService', () => {
  describe('looking for orphaned worker queues', () => {
    const orphans = Array.from({ length: 20 }, (_, i) => `orphan-${i}`);

    it('passes over keys of other applications, whatever they hold', async () => {
      const { workerBase } = context.keys;
      // As a plain BullMQ queue has them whose name begins like those of our worker queues.
      await hub.commands.set(`${workerBase}orders:de:user:meta`, 'a deduplication id');
      await hub.commands.set(`${workerBase}text:meta`, 'no hash');
      await hub.commands.hset(`${workerBase}orders:user:meta`, 'queue', context.keys.base);
      await hub.commands.hset(`${workerBase}orders:meta`, 'opts.maxLenEvents', 10_000);
      await Promise.all(orphans.map(leaveQueueOf));
      run();
      await untilGone(orphans);
      expect(errors).toEqual([]);
      const theirs = ['orders:de:user:meta', 'text:meta', 'orders:user:meta', 'orders:meta'];
      expect(await hub.commands.exists(...theirs.map((key) => workerBase + key))).toBe(theirs.length);
      await hub.commands.del(...theirs.map((key) => workerBase + key));
    });

    it('recovers the others beside one that it cannot, and that one once it can', async () => {
      const damaged = 'orphan-damaged';
      await Promise.all([...orphans, damaged].map(leaveQueueOf));
      await hub.commands.hset(meta(damaged), { tag: 'a', batch: 1 });
      await hub.commands.set(`${context.keys.workerBase}${damaged}:wait`, 'no list');
      run();
      await untilGone(orphans);
      await until('it has tried the damaged one', () => errors.length === 1);
      await hub.commands.del(`${context.keys.workerBase}${damaged}:wait`);
      clock.advance(500);
      await untilGone([damaged]);
      expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('WRONGTYPE')]);
    });
  });
});

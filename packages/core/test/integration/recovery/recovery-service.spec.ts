import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { ManualClock } from '../../../src/domain/clock.js';
import type { LeadershipTerm } from '../../../src/election/leadership.interface.js';
import type { NeighbourSightings } from '../../../src/neighbours/neighbours.interface.js';
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
function run(neighbours?: NeighbourSightings): void {
  const service = new RecoveryService({
    context,
    ...(neighbours && { neighbours }),
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

const registered = async (): Promise<string[]> =>
  (await hub.commands.hkeys(context.keys.workerRegistry)).sort();

async function register(workerId: string): Promise<void> {
  await leaveQueueOf(workerId);
  await hub.commands.hset(context.keys.workerRegistry, workerId, '{}');
  await hub.commands.hset(context.keys.beats, workerId, 1);
}

/** How often the leader has read the heartbeats since. */
function countReads(): () => number {
  const read = jest.spyOn(hub.commands, 'hgetall');
  return () => read.mock.calls.length;
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

  describe('watching the workers', () => {
    it('recovers the others beside one that it cannot, and that one once it can', async () => {
      const workers = ['damaged', 'dead-1', 'dead-2', 'dead-3'];
      for (const worker of workers) await register(worker);
      await hub.commands.set(meta('damaged'), 'no hash');
      run();
      await until('nobody else is left', async () => {
        clock.advance(100);
        return (await registered()).length === 1;
      });
      expect(await registered()).toEqual(['damaged']);
      await until('it has tried the damaged one', () => errors.length > 0);
      expect(errors[0]!.message).toContain('WRONGTYPE');

      // The watch looks all the time; the damaged one has a pause of its own.
      const before = errors.length;
      await register('dead-4');
      await until('a later one is recovered too', async () => {
        clock.advance(100);
        return !(await registered()).includes('dead-4');
      });
      expect(errors.length - before).toBeLessThanOrEqual(2);

      await hub.commands.del(meta('damaged'));
      await leaveQueueOf('damaged');
      clock.advance(60_000);
      await untilGone(['damaged']);
      expect(await registered()).toEqual([]);
    });

    it('gives a worker the time of its own lease where that is longer than the leader would wait', async () => {
      const own = 60_000;
      await register('patient');
      await hub.commands.hset(meta('patient'), 'lease', own);
      await register('hasty');
      await hub.commands.hset(meta('hasty'), 'lease', heartbeatTimeout / 2);
      run();
      const reads = countReads();
      const startedAt = clock.nowMs();
      await until('the other one is recovered', async () => {
        clock.advance(50);
        return !(await registered()).includes('hasty');
      });
      // The leader has seen them at some time after it began.
      expect(clock.nowMs() - startedAt).toBeGreaterThanOrEqual(heartbeatTimeout);
      clock.advance(startedAt + own - 1 - clock.nowMs());
      const before = reads();
      await until('it has looked twice since', () => reads() >= before + 2);
      expect(await registered()).toEqual(['patient']);
      clock.advance(own);
      await untilGone(['patient']);
      expect(errors).toEqual([]);
    });

    it('recovers one whose process was seen dead as soon as it is woken, whatever its lease', async () => {
      await register('dead');
      await hub.commands.hset(meta('dead'), 'lease', 60_000);
      await register('alive');
      run();
      const reads = countReads();
      await until('it has looked', () => reads() >= 2);
      await hub.commands.hset(context.keys.beats, 'dead', '-1');
      await hub.commands.zadd(context.keys.deaths, 0, '200:1');
      await untilGone(['dead']);
      expect(await registered()).toEqual(['alive']);
      expect(errors).toEqual([]);
    });

    it('finds at once those that were reported before it led', async () => {
      await register('dead');
      await hub.commands.hset(context.keys.beats, 'dead', '-1');
      run();
      await untilGone(['dead']);
    });

    it('has the neighbours looked up when a worker has joined, and not without need', async () => {
      const refresh = jest.fn();
      await register('first');
      run({ refresh, sighted: () => undefined });
      const reads = countReads();
      await until('it has looked three times', () => reads() >= 3);
      expect(refresh).toHaveBeenCalledTimes(1);
      await register('second');
      await until('it has seen the second', () => refresh.mock.calls.length === 2);
      expect(errors).toEqual([]);
    });
  });
});

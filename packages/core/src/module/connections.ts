import type { Redis } from 'ioredis';
import { composeScripts } from '../bullmq/bullmq-scripts.js';
import { IncompatibleLayoutError } from '../errors/errors.js';
import { sameConnection } from '../options/redis-address.js';
import type { ResolvedRedisOptions } from '../options/resolved-options.js';
import { errorName } from '../observability/messages/queue-log.js';
import type { LuaScriptName } from '../redis/generated/lua-sources.js';
import type { InstanceIds } from '../redis/instance-ids.js';
import { RedisHub, type ConnectionEvent } from '../redis/redis-hub.js';
import { assertMayUse } from '../redis/check-server.js';
import { keyPatterns } from '../redis/queue-keys.js';
import { ScriptRunner } from '../redis/script-runner.js';
import type { QueueIdentity } from './queue-identity.js';

/** The connections to one Redis, and the queues that share them. */
export class SharedConnection {
  readonly hub: RedisHub;
  readonly runner: ScriptRunner<LuaScriptName>;
  readonly #queues: QueueIdentity[] = [];

  constructor(
    private readonly redis: ResolvedRedisOptions,
    ids: InstanceIds,
  ) {
    this.hub = new RedisHub(redis, ids, this.#report, this.#say);
    this.runner = new ScriptRunner(this.hub.commands, redis.commandTimeoutMs, composeScripts());
  }

  /** Whether a queue with these options can use it. */
  serves(redis: ResolvedRedisOptions): boolean {
    return sameConnection(this.redis, redis);
  }

  add(queue: QueueIdentity): void {
    this.#queues.push(queue);
  }

  /**
   * Checks the server, and for every queue that its data can be read by this version.
   *
   * @throws {@link IncompatibleLayoutError}, and what {@link RedisHub.open} throws
   */
  async open(): Promise<void> {
    const { policy } = await this.hub.open(async (client) => {
      for (const queue of this.#queues) {
        for (const needed of keyPatterns(queue.options)) await assertMayUse(client, this.hub.address, needed);
        await assertLayout(client, queue);
      }
    });
    if (policy !== 'noeviction') this.#queues[0]?.log.warn('evictionAllowed', { policy });
  }

  /** A fault of the connection is a fault of every queue on it; the first one logs it. */
  readonly #report = (error: unknown): void => {
    const [first, ...others] = this.#queues;
    first?.errors.report(error);
    for (const { errors } of others) errors.emit(error);
  };

  readonly #say = (event: ConnectionEvent): void => {
    for (const { errors } of this.#queues) errors.connectionLost = event.lost;
    const log = this.#queues[0]?.log;
    const { address } = event;
    if (!event.lost) log?.info('redisConnectionRestored', { address, afterMs: event.afterMs });
    else
      log?.warn('redisConnectionLost', { address, error: event.error ? errorName(event.error) : 'closed' });
  };
}

/** Reads through a script: a user who may not run scripts is refused here, and not in the middle of the work. */
async function assertLayout(client: Redis, { options, keys }: QueueIdentity): Promise<void> {
  const lua = "return redis.call('HGET', KEYS[1], 'layout')";
  const found = (await client.eval(lua, 1, keys.control)) as string | null;
  if (found === null || found === keys.layout) return;
  throw new IncompatibleLayoutError({ queueName: options.pendingQueueName, found, expected: keys.layout });
}

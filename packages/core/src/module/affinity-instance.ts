import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { composeScripts } from '../bullmq/bullmq-scripts.js';
import { assertDistinctQueues } from '../options/distinct-queues.js';
import { redisIdentity } from '../options/redis-address.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import { createMessages } from '../observability/messages/messages.js';
import { errorName, QueueLog } from '../observability/messages/queue-log.js';
import type { LuaScriptName } from '../redis/generated/lua-sources.js';
import type { QueueContext } from '../redis/queue-context.js';
import { queueKeys } from '../redis/queue-keys.js';
import { QueueScripts } from '../redis/queue-scripts.js';
import { RedisHub, type ConnectionEvent } from '../redis/redis-hub.js';
import { ScriptRunner } from '../redis/script-runner.js';
import { newNodeId } from './node-id.js';
import { QueueErrors } from './queue-errors.js';

interface Connected {
  readonly hub: RedisHub;
  readonly runner: ScriptRunner<LuaScriptName>;
}

/** One application process: its id, its queues, and its connections, one set per Redis. */
@Injectable()
export class AffinityInstance implements OnApplicationShutdown {
  readonly nodeId = newNodeId();
  readonly #queues: ResolvedQueueOptions[] = [];
  readonly #connected = new Map<string, Connected>();

  /**
   * Joins a queue: connects to its Redis if this instance has not yet, and checks the server.
   *
   * @throws {@link QueueNameConflictError}, and what {@link RedisHub.open} throws
   */
  async join(options: ResolvedQueueOptions, errors: QueueErrors, log: QueueLog): Promise<QueueContext> {
    assertDistinctQueues([...this.#queues, options]);
    this.#queues.push(options);
    const { hub, runner } = this.#connect(options, errors, log);
    try {
      await hub.open();
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
    const keys = queueKeys(options);
    return Object.freeze({ nodeId: this.nodeId, options, keys, hub, scripts: new QueueScripts(runner, keys) });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.#connected.values()].map(({ hub }) => hub.close()));
  }

  #connect(options: ResolvedQueueOptions, errors: QueueErrors, log: QueueLog): Connected {
    const { redis } = options;
    const identity = redisIdentity(redis);
    const present = this.#connected.get(identity);
    if (present !== undefined) return present;
    const hub = new RedisHub(redis, this.nodeId, errors.report, (event) => {
      sayConnection(log, event);
    });
    const runner = new ScriptRunner(hub.commands, redis.commandTimeoutMs, composeScripts());
    const connected = { hub, runner };
    this.#connected.set(identity, connected);
    return connected;
  }
}

function sayConnection(log: QueueLog, event: ConnectionEvent): void {
  if (event.lost) log.warn('redisConnectionLost', { address: event.address, error: errorName(event.error) });
  else log.info('redisConnectionRestored', { address: event.address, afterMs: event.afterMs });
}

export function queueLog(options: ResolvedQueueOptions): QueueLog {
  const context = options.name === undefined ? 'AffinityQueue' : `AffinityQueue:${options.name}`;
  return new QueueLog(createMessages(options.locale), context);
}

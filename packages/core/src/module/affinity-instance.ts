import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { assertDistinctQueues } from '../options/distinct-queues.js';
import type { ResolvedQueueOptions, ResolvedRedisOptions } from '../options/resolved-options.js';
import type { Resolution } from '../options/resolve-options.js';
import { createMessages, warningMessage } from '../observability/messages/messages.js';
import { QueueLog } from '../observability/messages/queue-log.js';
import { ownProcess } from '../neighbours/own-process.js';
import { InstanceIds } from '../redis/instance-ids.js';
import { queueKeys } from '../redis/queue-keys.js';
import { QueueScripts } from '../redis/queue-scripts.js';
import { SharedConnection } from './connections.js';
import { newNodeId } from './node-id.js';
import { QueueErrors } from './queue-errors.js';
import { QueueRuntime } from './queue-runtime.js';
import { settleAll } from './settle-all.js';

/**
 * One application process: its id, its queues, and their way from start to end.
 *
 * Queues join while Nest makes the providers; nothing connects then, so that an application that cannot be put together
 * leaves nothing behind. `open` checks every Redis, `start` begins the work, `stop` ends it, `close` closes the connections.
 * Each happens once, whoever asks.
 */
@Injectable()
export class AffinityInstance implements OnModuleInit, OnApplicationShutdown {
  readonly #ids = new InstanceIds(newNodeId());
  readonly #process = ownProcess();
  readonly #queues: QueueRuntime[] = [];
  readonly #connections: SharedConnection[] = [];
  readonly #atTheEnd: (() => void)[] = [];
  #opening: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  get nodeId(): string {
    return this.#ids.nodeId;
  }

  /** The queues that have joined. */
  get queues(): readonly QueueRuntime[] {
    return this.#queues;
  }

  /** @throws {@link QueueNameConflictError} */
  join({ options, warnings }: Resolution): QueueRuntime {
    assertDistinctQueues([...this.#queues.map((queue) => queue.options), options]);
    const log = queueLog(options);
    const errors = new QueueErrors(options.pendingQueueName);
    for (const warning of warnings) log.warnText((messages) => warningMessage(messages, warning));

    const keys = queueKeys(options);
    const connection = this.#connectionFor(options.redis);
    connection.add({ options, keys, log, errors });
    const scripts = new QueueScripts(connection.runner, keys);
    const { nodeId } = this.#ids;
    const process = options.watchLocalProcesses ? this.#process : undefined;
    const context = Object.freeze({ nodeId, process, options, keys, hub: connection.hub, scripts });
    const runtime = new QueueRuntime(context, log, errors);
    this.#queues.push(runtime);
    return runtime;
  }

  /** Before the application's own modules: global ones come first. */
  async onModuleInit(): Promise<void> {
    await this.open();
  }

  /** After the application's own modules, which may still add tasks. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Makes sure that every Redis can be used. @throws what {@link SharedConnection.open} throws; nothing is open then */
  open(): Promise<void> {
    this.#opening ??= this.#orClose(() => settleAll(this.#connections, (connection) => connection.open()));
    return this.#opening;
  }

  /**
   * Starts every queue. When one cannot start, none runs, and nothing is open.
   *
   * @param prepare the last that happens before; when it throws nothing starts
   */
  start(prepare: () => void): Promise<void> {
    this.#starting ??= this.open().then(() =>
      this.#orClose(async () => {
        prepare();
        await settleAll(this.#queues, (queue) => queue.start());
      }),
    );
    return this.#starting;
  }

  /** Ends the work of all queues at the same time; each has its own `shutdownTimeout`. */
  stop(): Promise<void> {
    if (this.#starting === undefined) return Promise.resolve();
    this.#stopping ??= this.#starting.then(
      () => this.#stopQueues(),
      () => undefined, // then it has stopped already
    );
    return this.#stopping;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Calls it when every connection is closed, also after a start that failed: nothing is sent to Redis after that. It may throw. */
  whenClosed(then: () => void): void {
    this.#atTheEnd.push(then);
  }

  /** Each step is taken whatever came of those before it; the first error is the one that is thrown. */
  async #close(): Promise<void> {
    const steps = [
      () => settleAll(this.#queues, (queue) => queue.close()),
      () => settleAll(this.#connections, ({ hub }) => hub.close()),
      () => settleAll(this.#atTheEnd, async (then) => then()),
    ];
    const results: PromiseSettledResult<void>[] = [];
    for (const step of steps) results.push(...(await Promise.allSettled([step()])));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #orClose(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await Promise.allSettled([this.#stopQueues()]);
      await Promise.allSettled([this.close()]);
      throw error;
    }
  }

  #stopQueues(): Promise<void> {
    return settleAll(this.#queues, (queue) => queue.stop());
  }

  #connectionFor(redis: ResolvedRedisOptions): SharedConnection {
    const present = this.#connections.find((connection) => connection.serves(redis));
    if (present !== undefined) return present;
    const connection = new SharedConnection(redis, this.#ids);
    this.#connections.push(connection);
    return connection;
  }
}

function queueLog(options: ResolvedQueueOptions): QueueLog {
  const context = options.name === undefined ? 'AffinityQueue' : `AffinityQueue:${options.name}`;
  return new QueueLog(createMessages(options.locale), context);
}

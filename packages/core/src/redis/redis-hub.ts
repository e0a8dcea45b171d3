import { setTimeout as timeout } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { redisAddress } from '../options/redis-address.js';
import type { ResolvedRedisOptions } from '../options/resolved-options.js';
import { BlockingWait } from './blocking-wait.js';
import { connectAndCheck, type ServerFacts } from './check-server.js';
import type { InstanceIds } from './instance-ids.js';
import { instanceKeys } from './queue-keys.js';
import { reconnectWhenReadOnly } from './read-only-reconnect.js';
import { WorkerMarker } from './worker-marker.js';

export type ConnectionEvent =
  | { readonly lost: true; readonly address: string; readonly error: unknown }
  | { readonly lost: false; readonly address: string; readonly afterMs: number };

/**
 * The connections of one instance to one Redis, shared by all its queues there: one for commands, one on which its
 * workers wait, one on which its leaders and followers wait. Each is made when it is first needed.
 */
export class RedisHub {
  readonly commands: Redis;
  readonly workers: WorkerMarker;
  readonly leaderWait: BlockingWait;
  readonly commandTimeoutMs: number;
  /** In names of connections and in keys that only they wait on. */
  readonly #id: string;
  readonly #workerWait: BlockingWait;
  #closing: Promise<void> | undefined;
  #opened = false;
  #opening: Promise<ServerFacts> | undefined;
  #checking: Redis | undefined;

  constructor(
    private readonly options: ResolvedRedisOptions,
    ids: InstanceIds,
    private readonly onError: (error: unknown) => void,
    private readonly onConnection: (event: ConnectionEvent) => void = () => undefined,
  ) {
    this.commandTimeoutMs = options.commandTimeoutMs;
    this.#id = ids.nextConnectionId();
    this.commands = this.#createClient('commands', {
      commandTimeout: options.commandTimeoutMs,
      socketTimeout: options.options.socketTimeout,
      lazyConnect: true,
    });
    this.#watchConnection();
    const { workers, interrupt } = instanceKeys(this.#id);
    const wait = (purpose: string, key: string): BlockingWait =>
      new BlockingWait(() => this.#createClient(purpose, {}), key, this.commands, onError);
    this.#workerWait = wait('workers', `${interrupt}:workers`);
    this.workers = new WorkerMarker(workers, ids, this.#workerWait);
    this.leaderWait = wait('leaders', `${interrupt}:leaders`);
  }

  /** Where Redis is, without credentials. */
  get address(): string {
    return redisAddress(this.options);
  }

  /**
   * Checks the server, once, whoever asks, on a connection that is closed again: an application whose start fails later
   * has nothing to close. See {@link connectAndCheck} for what it throws.
   */
  open(inspect?: (client: Redis) => Promise<void>): Promise<ServerFacts> {
    this.#opening ??= this.#check(inspect);
    return this.#opening;
  }

  async #check(inspect?: (client: Redis) => Promise<void>): Promise<ServerFacts> {
    const client = (this.#checking = this.#createClient('check', {}, () => undefined)); // `connectAndCheck` has its own listener
    try {
      const facts = await connectAndCheck(
        client,
        {
          address: this.address,
          timeoutMs: Math.max(1_000, Math.min(this.commandTimeoutMs, 10_000)),
          allowEviction: this.options.allowEviction,
        },
        inspect,
      );
      this.#opened = true;
      return facts;
    } finally {
      this.#checking = undefined;
      client.disconnect();
    }
  }

  /** Waits for what needs the connection: not without it, and not when it is lost meanwhile. */
  async whileConnected(work: () => Promise<void>): Promise<void> {
    const { commands } = this;
    if (commands.status !== 'ready') return;
    let lose = (): void => undefined;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    commands.once('close', lose);
    await Promise.race([work(), lost]);
    commands.off('close', lose);
  }

  /** Returns when every connection of ours is closed. A client that the application gave stays open. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#checking?.disconnect();
      await Promise.all([this.#workerWait.close(), this.leaderWait.close()]);
      const { interrupt, workers } = instanceKeys(this.#id);
      const keys = [
        ...(this.#workerWait.wasUsed ? [`${interrupt}:workers`, workers] : []),
        // A user who only adds tasks may not touch these.
        ...(this.leaderWait.wasUsed ? [`${interrupt}:leaders`] : []),
      ];
      if (this.commands.status === 'ready' && keys.length > 0) {
        const deleted = this.commands.del(keys);
        await Promise.race([
          deleted.catch(this.onError),
          timeout(longestFarewellMs, undefined, { ref: false }),
        ]);
      }
      this.commands.disconnect();
      if (this.commands.status === 'reconnecting') this.#rejectWhatWaits();
    })();
    return this.#closing;
  }

  /**
   * Between two attempts to connect, ioredis leaves commands that wait for a connection unanswered when it is disconnected, and
   * their timers running. An attempt that is given up at once rejects them.
   */
  #rejectWhatWaits(): void {
    this.commands.connect().catch(this.onError);
    this.commands.disconnect();
  }

  /** A client that BullMQ copies for its event stream; this one never connects. */
  eventsTemplate(): Redis {
    return this.#createClient('events', { lazyConnect: true });
  }

  /** Says once that the connection is lost, and once that it is back. */
  #watchConnection(): void {
    let lostAt: number | undefined;
    let lastError: unknown;
    this.commands.on('error', (error) => (lastError = error));
    this.commands.on('close', () => {
      if (lostAt !== undefined || this.#closing || !this.#opened) return;
      lostAt = performance.now();
      this.onConnection({ lost: true, address: this.address, error: lastError });
    });
    this.commands.on('ready', () => {
      if (lostAt === undefined) return;
      const afterMs = Math.round(performance.now() - lostAt);
      lostAt = lastError = undefined;
      this.onConnection({ lost: false, address: this.address, afterMs });
    });
  }

  #createClient(purpose: string, extra: Partial<RedisOptions>, onError = this.onError): Redis {
    const { instance, options } = this.options;
    const { connectionName, retryStrategy } = options;
    const reconnectOnError = options.reconnectOnError ?? instance?.options.reconnectOnError;
    const own: RedisOptions = {
      connectionName: `${connectionName ?? 'affinity'}:${this.#id}:${purpose}`,
      // A command waits for Redis to come back; `commandTimeout` says how long.
      maxRetriesPerRequest: null,
      // Nothing is on its way when we disconnect; ioredis keeps its timer even where the server has gone already.
      disconnectTimeout: 500,
      // A blocking command is silent on purpose.
      socketTimeout: undefined,
      retryStrategy: (attempt) => retryStrategy?.(attempt) || Math.min(50 * 2 ** Math.min(attempt, 5), 1_000),
      reconnectOnError: reconnectOnError ?? reconnectWhenReadOnly(),
      ...extra,
    };
    const client = instance
      ? instance.duplicate({ ...instanceResets, ...options, ...own })
      : new Redis({ ...options, ...own });
    client.on('error', onError);
    return client;
  }
}

/** A Redis that does not answer gets the last command all the same; nobody waits for it. */
const longestFarewellMs = 500;

/** Settings of an application's client that would change what our commands mean or when they fail. */
const instanceResets = {
  lazyConnect: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: true,
  stringNumbers: false,
  replyMapping: 'legacy',
  readOnly: false,
} as Partial<RedisOptions>;

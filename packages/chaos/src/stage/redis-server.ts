import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { rootFolder } from '../paths.js';
import { processState } from './process-state.js';
import { until } from './until.js';

interface Server {
  readonly url: string;
  readonly source: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

interface RedisTools {
  acquireRedis(options: {
    args?: readonly string[];
    port?: number;
    dir?: string;
    env?: Readonly<Record<string, string>>;
  }): Promise<Server>;
}

/**
 * Every write is in the append-only file before its reply is sent; SIGKILL loses none of them. With `everysec` it may:
 * Redis puts off the write itself, for up to two seconds, while a sync in the background goes on, and answers before it.
 */
export const defaultRedisArgs = ['--appendonly', 'yes', '--appendfsync', 'always'] as const;

/** A Redis of our own, which can be killed, started again with its data, and frozen. */
export class RedisServer {
  #server: Server;
  readonly #clients: Redis[] = [];

  private constructor(
    private readonly tools: RedisTools,
    readonly folder: string,
    private readonly args: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
    server: Server,
  ) {
    this.#server = server;
  }

  /**
   * @param args - added to the command line of the server
   * @param env - added to its environment
   */
  static async start(
    args: readonly string[] = defaultRedisArgs,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RedisServer> {
    const path = pathToFileURL(join(rootFolder, 'tools', 'redis', 'index.mjs')).href;
    const tools = (await import(path)) as RedisTools;
    const folder = await mkdtemp(join(tmpdir(), 'affinity-chaos-redis-'));
    return new RedisServer(tools, folder, args, env, await tools.acquireRedis({ args, dir: folder, env }));
  }

  get port(): number {
    return Number(new URL(this.#server.url).port);
  }

  get source(): string {
    return this.#server.source;
  }

  get pid(): number {
    const { pid } = this.#server;
    if (pid === undefined) throw new Error('The campaign needs a Redis that is a process of this machine');
    return pid;
  }

  /** A connection of the campaign's own, past all faults but those of Redis itself. */
  connect(): Redis {
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
    });
    client.on('error', () => undefined); // it connects again by itself
    this.#clients.push(client);
    return client;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGKILL');
    await until('Redis is gone', () => ['Z', undefined].includes(processState(pid)), { everyMs: 2 });
    await this.#server.stop();
  }

  /** At the same place, with what it had; resolves when it accepts connections. */
  async startAgain(args: readonly string[] = this.args): Promise<void> {
    const { folder: dir, port, env } = this;
    this.#server = await this.tools.acquireRedis({ args, dir, port, env });
  }

  /** It keeps its connections and answers nothing. */
  async freeze(): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    await until('Redis stands still', () => processState(this.pid) === 'T', { everyMs: 2 });
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.#server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

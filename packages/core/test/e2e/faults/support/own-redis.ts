import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

interface Server {
  readonly url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}
type Acquire = (options: { args?: string[]; port?: number; dir?: string }) => Promise<Server>;

const redisTools = pathToFileURL(
  resolve(import.meta.dirname, '../../../../../../tools/redis/index.mjs'),
).href;

/** A Redis for one test alone, which keeps every write on disk and can be stopped, started again and frozen. */
export class OwnRedis {
  #server: Server;

  private constructor(
    private readonly acquire: Acquire,
    private readonly folder: string,
    server: Server,
  ) {
    this.#server = server;
  }

  static async start(): Promise<OwnRedis> {
    const { acquireRedis } = (await import(redisTools)) as { acquireRedis: Acquire };
    const folder = await mkdtemp(join(tmpdir(), 'affinity-own-redis-'));
    return new OwnRedis(acquireRedis, folder, await acquireRedis({ args, dir: folder }));
  }

  get url(): string {
    return this.#server.url;
  }

  connect(): Redis {
    return new Redis(this.url, { maxRetriesPerRequest: null });
  }

  /** Stops the server; what it held is kept. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }

  /** Starts it again, at the same place, with what it held. */
  async startAgain(): Promise<void> {
    const port = Number(new URL(this.url).port);
    this.#server = await this.acquire({ args, dir: this.folder, port });
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #pid(): number {
    const { pid } = this.#server;
    if (pid === undefined) throw new Error('This Redis is no process of ours (Docker?) and cannot be frozen');
    return pid;
  }
}

const args = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

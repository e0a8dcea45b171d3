import type { Redis } from 'ioredis';
import { BlockingClient } from './blocking-client.js';

/** Called for every member that arrived, with its score. */
export type WaitListener = (member: string, score: number) => void;

const blockSeconds = 5;
const reconnectDelayMs = 200;
const expiryMs = 60_000;

/** In one step: a process that dies between the two would leave the key for good. KEYS: the zset; ARGV: score, member, ms. */
const addForAWhile = `redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])`;

/**
 * One blocking connection that waits on any number of marker zsets, for everything in an instance that waits for Redis.
 *
 * The order of the keys rotates, because BZPOPMIN serves the first key that has a member and would starve the others.
 * Members that arrived together are fetched together.
 */
export class BlockingWait {
  readonly #listeners = new Map<string, WaitListener>();
  readonly #client: BlockingClient;
  #loop: Promise<void> | undefined;
  #closed = false;
  #rotation = 0;
  #wakeLoop: (() => void) | undefined;

  /**
   * @param createClient - makes a client without command time-out; called again when a connection hangs
   * @param interruptKey - a zset of this instance alone; a member in it makes the wait begin anew with the keys of now
   * @param commands - a client that does not block
   */
  constructor(
    createClient: () => Redis,
    private readonly interruptKey: string,
    private readonly commands: Redis,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#client = new BlockingClient(createClient);
  }

  /** Whether it has ever waited: else there are no keys of it. */
  get wasUsed(): boolean {
    return this.#loop !== undefined;
  }

  /** Listens on a key until the returned function is called. */
  watch(key: string, listener: WaitListener): () => void {
    if (this.#listeners.has(key)) throw new Error(`Already waiting on ${key}`);
    this.#listeners.set(key, listener);
    this.#interrupt();
    this.#loop ??= this.#run();
    return () => {
      if (this.#listeners.delete(key)) this.#interrupt();
    };
  }

  /** Ends the wait; the connection is closed when this returns. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeLoop?.();
    this.#client.close();
    await this.#loop;
  }

  #interrupt(): void {
    this.#wakeLoop?.();
    if (!this.#client.isOpen || this.#closed) return;
    // If it is lost, the wait notices the new keys at its next turn, at most `blockSeconds` later.
    this.#add(this.interruptKey, 'keys', '0');
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (this.#listeners.size === 0) {
        await new Promise<void>((resolve) => (this.#wakeLoop = resolve));
        continue;
      }
      try {
        await this.#waitOnce();
      } catch (error) {
        if (this.#closed) break;
        this.onError(error);
        await this.#pause(reconnectDelayMs);
      }
    }
  }

  async #waitOnce(): Promise<void> {
    const keys = this.#rotatedKeys();
    const reply = await this.#client.run('BZPOPMIN', blockSeconds * 1_000, (client) =>
      client.bzpopmin(this.interruptKey, ...keys, blockSeconds),
    );
    if (reply === null || this.#closed) return;
    const [key, member, score] = reply;
    this.#deliver(key, member, score);
    if (key === this.interruptKey) return;
    const more = await this.#client.run('ZPOPMIN', 0, (client) => client.zpopmin(key, 1_000));
    for (let i = 0; i + 1 < more.length; i += 2) this.#deliver(key, String(more[i]), String(more[i + 1]));
  }

  #rotatedKeys(): string[] {
    const keys = [...this.#listeners.keys()];
    const from = this.#rotation++ % keys.length;
    return [...keys.slice(from), ...keys.slice(0, from)];
  }

  #deliver(key: string, member: string, score: string): void {
    if (key === this.interruptKey) return;
    const listener = this.#listeners.get(key);
    if (listener === undefined) {
      // It is for another instance. If there is none it expires: whoever begins to wait later looks for itself first.
      this.#add(key, member, score);
      return;
    }
    try {
      listener(member, Number(score));
    } catch (error) {
      this.onError(error);
    }
  }

  #add(key: string, member: string, score: string): void {
    this.commands.eval(addForAWhile, 1, key, score, member, expiryMs).catch((error: unknown) => {
      if (!this.#closed) this.onError(error);
    });
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeLoop = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

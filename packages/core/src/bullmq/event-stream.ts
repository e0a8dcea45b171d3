import { BlockingClient } from '../redis/blocking-client.js';
import type { QueueContext } from '../redis/queue-context.js';

/** One entry of the stream: names and values as Redis has them. */
export type StreamFields = Readonly<Record<string, string | undefined>>;

export interface EventStreamListener {
  onEvent(name: string, fields: StreamFields, eventId: string): void;
  onError(error: unknown): void;
}

const blockMs = 5_000;
const retryMs = 200;
/** How many entries one read fetches; a reader that fell behind does not hold Redis up. */
const pageSize = 1_000;

type Entry = [id: string, flatFields: string[]];

/**
 * Reads the event stream of a queue on a connection of its own: everything that is appended from the constructor on.
 *
 * BullMQ's QueueEvents reads the same stream, but stops for good at the first entry that it cannot parse; this reader goes
 * on. A fault is reported and the reading resumes where it stopped, as long as the stream still holds that point.
 */
export class EventStream {
  /** Resolves when no event from now on will be missed; or when the stream was closed before. */
  readonly ready: Promise<void>;
  readonly #key: string;
  readonly #loop: Promise<void>;
  #markReady!: () => void;
  readonly #client: BlockingClient;
  #closed = false;
  #markClosed!: () => void;
  readonly #whenClosed = new Promise<void>((resolve) => (this.#markClosed = resolve));
  #wake: (() => void) | undefined;

  constructor(
    private readonly context: QueueContext,
    private readonly listener: EventStreamListener,
  ) {
    this.#key = `${context.keys.base}events`;
    this.ready = new Promise((resolve) => (this.#markReady = resolve));
    this.#client = new BlockingClient(() => context.hub.eventsTemplate());
    this.#loop = this.#run();
  }

  /** Returns when nothing is read any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#markClosed();
    this.#wake?.();
    this.#client.close();
    await this.#loop;
    this.#markReady();
  }

  async #run(): Promise<void> {
    let from: string | undefined;
    while (!this.#closed) {
      try {
        // A Redis that does not answer does not hold the end of the application up.
        from ??= (await Promise.race([this.#lastId(), this.#whenClosed])) as string | undefined;
        this.#markReady();
        if (!this.#closed && from !== undefined) from = await this.#read(from);
      } catch (error) {
        if (this.#closed) return;
        this.listener.onError(error);
        await this.#pause(retryMs);
      }
    }
  }

  /** Not "$", which means "after the read has begun": what is appended until then would be missed. */
  async #lastId(): Promise<string> {
    const [last] = await this.context.hub.commands.xrevrange(this.#key, '+', '-', 'COUNT', 1);
    return last?.[0] ?? '0-0';
  }

  async #read(from: string): Promise<string> {
    const reply = await this.#client.run('XREAD', blockMs, (client) =>
      client.xread('COUNT', pageSize, 'BLOCK', blockMs, 'STREAMS', this.#key, from),
    );
    const entries = (reply?.[0]?.[1] ?? []) as Entry[];
    for (const entry of entries) this.#deliver(entry);
    return entries.at(-1)?.[0] ?? from;
  }

  #deliver([id, flat]: Entry): void {
    if (this.#closed) return;
    const fields: Record<string, string | undefined> = {};
    for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1];
    try {
      this.listener.onEvent(fields.event ?? '', fields, id);
    } catch (error) {
      this.listener.onError(error);
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

import type { Redis } from 'ioredis';
import { CommandTimeoutError } from '../errors/errors.js';

/** A blocking command can outlive a lost connection unanswered; after this long past its time-out we start anew. */
const watchdogMs = 2_000;

/** A connection for commands that block: made when first needed, replaced when it hangs, and closed at any moment. */
export class BlockingClient {
  #client: Redis | undefined;
  #abandon: (() => void) | undefined;
  #closed = false;

  /** @param create - makes a client without command time-out; called again when a connection hangs */
  constructor(private readonly create: () => Redis) {}

  /** Whether there is a connection, and so perhaps a command that blocks. */
  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Runs one command after the other has returned.
   *
   * @param name - of the command, for the error
   * @param blockMs - how long it may block
   * @throws {@link CommandTimeoutError} when it neither returns nor fails in time: the connection is replaced then; and when
   *   the client is closed
   */
  async run<T>(name: string, blockMs: number, command: (client: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('The connection is closed');
    const client = (this.#client ??= this.create());
    let timer: NodeJS.Timeout | undefined;
    const given = new Promise<never>((_, reject) => {
      this.#abandon = () => {
        reject(new Error('The connection is closed'));
      };
      const timeoutMs = blockMs + watchdogMs;
      timer = setTimeout(() => {
        if (this.#client === client) this.#client = undefined;
        client.disconnect();
        reject(new CommandTimeoutError({ command: name, timeoutMs }));
      }, timeoutMs);
    });
    try {
      return await Promise.race([command(client), given]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Once only: ioredis keeps a timer for each call, and the second one for its whole time.
    this.#client?.disconnect();
    this.#client = undefined;
    // A command of a client that was just reconnecting gets no answer at all, not even by `disconnect`.
    this.#abandon?.();
  }
}

import type { ServerResponse } from 'node:http';
import { takeOver, type HttpResponse } from './exchange.js';

/** A viewer that reads more slowly than this fills up is let go; its page connects again. */
const maxBufferedBytes = 4_000_000;
const reconnectMs = 2_000;
/** Guards are asked when a stream begins: whoever was signed out meanwhile is not told more for longer than this. */
export const longestMs = 600_000;
/** Tells the page to connect again, at once. */
const renewal = 'renew';

/** One stream of server-sent events, on Express or Fastify. */
export class EventSourceStream {
  readonly #raw: ServerResponse;
  readonly #renewing: NodeJS.Timeout | undefined;
  #isOpen = true;

  /** @param onClose - not called for a viewer who has left already: see {@link isOpen} */
  constructor(
    response: HttpResponse,
    private readonly onClose: () => void,
  ) {
    this.#raw = takeOver(response);
    // A guard can take longer than a viewer waits. Nothing would ever tell that this one has gone.
    if (this.#raw.destroyed) {
      this.#isOpen = false;
      return;
    }
    this.#renewing = setTimeout(() => {
      this.send(renewal, '{}');
      this.close();
    }, longestMs).unref();
    this.#raw.once('close', this.#closed);
    this.#raw.once('error', this.#closed);
    this.#raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // no-transform: a compressing middleware would hold events back.
      'Cache-Control': 'no-store, no-transform',
      'X-Content-Type-Options': 'nosniff',
      'X-Accel-Buffering': 'no',
    });
    this.#raw.write(`retry: ${reconnectMs}\n\n`);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @param json - text without line breaks, as `JSON.stringify` makes it */
  send(event: string, json: string): void {
    if (!this.#isOpen) return;
    if (this.#raw.writableLength > maxBufferedBytes) this.#raw.destroy();
    else this.#raw.write(`event: ${event}\ndata: ${json}\n\n`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#closed();
    this.#raw.end();
  }

  readonly #closed = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#renewing);
    this.onClose();
  };
}

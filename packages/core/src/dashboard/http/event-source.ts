import type { ServerResponse } from 'node:http';
import { takeOver, type HttpResponse } from './exchange.js';

/** A viewer that reads more slowly than this fills up is let go; its page connects again. */
const maxBufferedBytes = 4_000_000;
const reconnectMs = 2_000;

/** One stream of server-sent events, on Express or Fastify. */
export class EventSourceStream {
  readonly #raw: ServerResponse;
  #isOpen = true;

  constructor(
    response: HttpResponse,
    private readonly onClose: () => void,
  ) {
    this.#raw = takeOver(response);
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
    this.onClose();
  };
}

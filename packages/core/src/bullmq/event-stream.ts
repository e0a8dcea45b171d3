import { QueueEvents, type ConnectionOptions } from 'bullmq';
import type { QueueContext } from '../redis/queue-context.js';
import { bullPrefix } from '../redis/queue-keys.js';

export interface EventStreamListener {
  /** Names in the stream. */
  readonly names: readonly string[];
  onEvent(name: string, fields: Readonly<Record<string, unknown>>, eventId: string): void;
  onError(error: unknown): void;
}

/** Reads a queue's event stream on a connection of its own: everything that is appended after the constructor. */
export class EventStream {
  /** Resolves when events from now on will be seen. */
  readonly ready: Promise<void>;
  #events: QueueEvents | undefined;
  #closed = false;

  constructor(context: QueueContext, listener: EventStreamListener) {
    this.ready = this.#open(context, listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.ready.catch(() => undefined); // whoever opened the stream has been told
    await this.#events?.close();
  }

  async #open({ hub, keys, options }: QueueContext, listener: EventStreamListener): Promise<void> {
    // Not "$", which means "after the read has begun": what is appended until then would be missed.
    const [last] = await hub.commands.xrevrange(`${keys.base}events`, '+', '-', 'COUNT', 1);
    if (this.#closed) return;
    const events = new QueueEvents(options.pendingQueueName, {
      connection: hub.eventsTemplate() as unknown as ConnectionOptions,
      prefix: bullPrefix,
      lastEventId: last?.[0] ?? '0-0',
    });
    this.#events = events;
    events.on('error', (error) => {
      listener.onError(error);
    });
    for (const name of listener.names) {
      // Custom events of the stream arrive like BullMQ's own, with their fields and their id.
      (events as unknown as NodeJS.EventEmitter).on(name, (fields: Record<string, unknown>, eventId: string) => {
        listener.onEvent(name, fields, eventId);
      });
    }
    await events.waitUntilReady();
  }
}

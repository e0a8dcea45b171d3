import { QueueEvents, type ConnectionOptions } from 'bullmq';
import type { QueueContext } from '../redis/queue-context.js';
import { bullPrefix } from '../redis/queue-keys.js';

export interface EventStream {
  /** Resolves when events from now on will be seen. */
  readonly ready: Promise<unknown>;
  close(): Promise<void>;
}

export interface EventStreamListener {
  /** Names in the stream. */
  readonly names: readonly string[];
  onEvent(name: string, fields: Readonly<Record<string, unknown>>, eventId: string): void;
  onError(error: unknown): void;
}

/** Reads a queue's event stream on a connection of its own. */
export function openEventStream({ hub, options }: QueueContext, listener: EventStreamListener): EventStream {
  const events = new QueueEvents(options.pendingQueueName, {
    connection: hub.eventsTemplate() as unknown as ConnectionOptions,
    prefix: bullPrefix,
  });
  events.on('error', (error) => {
    listener.onError(error);
  });
  for (const name of listener.names) {
    // Custom events of the stream arrive like BullMQ's own, with their fields and their id.
    (events as unknown as NodeJS.EventEmitter).on(name, (fields: Record<string, unknown>, eventId: string) => {
      listener.onEvent(name, fields, eventId);
    });
  }
  return { ready: events.waitUntilReady(), close: () => events.close() };
}

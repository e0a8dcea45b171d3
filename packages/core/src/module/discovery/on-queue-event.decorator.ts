import type { QueueEvent, QueueEventType } from '../../observability/events/queue-event.js';
import { methodMark } from './decorated-methods.js';
import type { QueueMethodOptions } from './task-handler.decorator.js';

export const listenedEvents = methodMark<{ readonly type: QueueEventType } & QueueMethodOptions>(
  'OnQueueEvent',
);

/** An event of one type. @publicApi */
export type QueueEventOf<Type extends QueueEventType> = Extract<QueueEvent, { readonly type: Type }>;

/**
 * Calls a method for every event of a type, of all instances; see `events$` for what is delivered. A method that throws is
 * logged and told to `errors$`. Opens the connection for events, as a subscription to `events$` does.
 *
 * @example
 * @OnQueueEvent('failed')
 * async onFailed({ jobId, failedReason }: QueueEventOf<'failed'>) { … }
 * @publicApi
 */
export function OnQueueEvent<Type extends QueueEventType>(type: Type, options: QueueMethodOptions = {}) {
  return <Method extends (event: QueueEventOf<Type>) => unknown>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    listenedEvents.set({ type, ...options })(target, property, descriptor);
  };
}

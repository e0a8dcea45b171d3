import { Observable, Subject } from 'rxjs';
import { EventStream } from '../../bullmq/event-stream.js';
import type { QueueContext } from '../../redis/queue-context.js';
import { decodeEvent, eventTypeOf, type QueueEvent } from './queue-event.js';

/**
 * One reader of the event stream per queue and instance, open while somebody listens.
 *
 * Delivery is at most once: a listener sees what happens from its subscription on; a reconnect resumes where it stopped, as
 * long as the stream, which is bounded by entries, still holds that point.
 */
export class QueueEventsHub {
  readonly events$: Observable<QueueEvent>;
  readonly #subject = new Subject<QueueEvent>();
  readonly #closing = new Set<Promise<void>>();
  #listeners = 0;
  #stream: EventStream | undefined;
  #closed = false;

  constructor(
    private readonly context: QueueContext,
    private readonly onError: (error: unknown) => void,
  ) {
    this.events$ = new Observable<QueueEvent>((subscriber) => {
      const subscription = this.#subject.subscribe(subscriber);
      this.#open();
      return () => {
        subscription.unsubscribe();
        this.#release();
      };
    });
  }

  /** Listens; `ready` resolves once nothing that happens from then on is missed. */
  listen(listener: (event: QueueEvent) => void): {
    readonly ready: Promise<void>;
    readonly stop: () => void;
  } {
    const subscription = this.events$.subscribe(listener);
    return {
      ready: this.#stream?.ready ?? Promise.resolve(),
      stop: () => {
        subscription.unsubscribe();
      },
    };
  }

  /** Completes every subscription; returns when nothing is read any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#subject.complete();
    this.#closeStream();
    await Promise.all(this.#closing);
  }

  #open(): void {
    this.#listeners += 1;
    if (this.#stream !== undefined || this.#closed) return;
    this.#stream = new EventStream(this.context, {
      onEvent: (name, fields, eventId) => {
        const type = eventTypeOf(name);
        if (type !== undefined) this.#subject.next(decodeEvent(type, fields, eventId));
      },
      onError: (error) => {
        if (!this.#closed) this.onError(error);
      },
    });
  }

  #release(): void {
    this.#listeners -= 1;
    if (this.#listeners === 0) this.#closeStream();
  }

  #closeStream(): void {
    if (this.#stream === undefined) return;
    const closing = this.#stream.close();
    this.#stream = undefined;
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}

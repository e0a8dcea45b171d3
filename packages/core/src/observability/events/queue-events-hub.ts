import { Observable, Subject } from 'rxjs';
import { EventStream } from '../../bullmq/event-stream.js';
import type { QueueContext } from '../../redis/queue-context.js';
import { decodeEvent, streamedEvents, type QueueEvent } from './queue-event.js';

/**
 * One reader of the event stream per queue and instance, open while somebody listens.
 *
 * Delivery is at most once: a listener sees what happens from its subscription on; a reconnect resumes where it stopped, as
 * long as the stream, which is bounded by entries, still holds that point.
 */
export class QueueEventsHub {
  readonly events$: Observable<QueueEvent>;
  readonly #subject = new Subject<QueueEvent>();
  readonly #types = new Map(streamedEvents.map(([type, name]) => [name, type]));
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

  /** Listens and resolves once nothing that happens from now on is missed; returns what ends the listening. */
  async listen(listener: (event: QueueEvent) => void): Promise<() => void> {
    const subscription = this.events$.subscribe(listener);
    await this.#stream?.ready;
    return () => {
      subscription.unsubscribe();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#subject.complete();
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  #open(): void {
    this.#listeners += 1;
    if (this.#stream !== undefined || this.#closed) return;
    this.#stream = new EventStream(this.context, {
      names: [...this.#types.keys()],
      onEvent: (name, fields, eventId) => {
        const type = this.#types.get(name);
        if (type !== undefined) this.#subject.next(decodeEvent(type, fields, eventId));
      },
      onError: (error) => {
        if (!this.#closed) this.onError(error);
      },
    });
    this.#stream.ready.catch((error: unknown) => {
      if (!this.#closed) this.onError(error);
    });
  }

  #release(): void {
    this.#listeners -= 1;
    if (this.#listeners > 0 || this.#stream === undefined) return;
    const stream = this.#stream;
    this.#stream = undefined;
    stream.close().catch(this.onError);
  }
}

import { Subject, type Observable } from 'rxjs';
import type { QueueEvent } from '../../observability/events/queue-event.js';
import type { ModelEvent } from '../model/queue-state.js';

/** Tells the events of a queue to its subscribers, a moment after they happened, as a stream does. */
export class EventFeed {
  readonly #subject = new Subject<QueueEvent>();
  readonly events$: Observable<QueueEvent> = this.#subject.asObservable();
  #count = 0;

  tell(events: readonly ModelEvent[], nowMs: number): void {
    if (events.length === 0) return;
    const numbered = events.map((event) => {
      this.#count += 1;
      return Object.freeze({ ...event, eventId: `${nowMs}-${this.#count}` });
    });
    void Promise.resolve().then(() => {
      for (const event of numbered) this.#subject.next(event);
    });
  }

  close(): void {
    this.#subject.complete();
  }
}

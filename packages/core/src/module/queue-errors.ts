import { Logger } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { errorName } from '../observability/messages/queue-log.js';

const connectionError = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|Connection is closed/;

/**
 * Where faults go that nobody awaits: to `errors$`, and to the log by name. That a connection is lost is said once, by the
 * connection itself.
 */
export class QueueErrors {
  readonly #subject = new Subject<unknown>();
  readonly errors$: Observable<unknown> = this.#subject.asObservable();
  readonly #logger: Logger;

  constructor(queueName: string) {
    this.#logger = new Logger(`AffinityQueue:${queueName}`);
  }

  readonly emit = (error: unknown): void => {
    this.#subject.next(error);
  };

  readonly report = (error: unknown): void => {
    this.emit(error);
    const text = error instanceof Error ? `${errorName(error)} ${error.message}` : '';
    if (!connectionError.test(text)) this.#logger.error(describe(error));
  };

  close(): void {
    this.#subject.complete();
  }
}

/** Name, code and where it was thrown; messages may quote what they were about. */
function describe(error: unknown): string {
  const at =
    error instanceof Error ? error.stack?.split('\n').find((line) => line.trimStart().startsWith('at ')) : '';
  return `${errorName(error)} ${at?.trim() ?? ''}`.trim();
}

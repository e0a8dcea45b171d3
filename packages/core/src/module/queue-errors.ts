import { Logger } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { CommandTimeoutError } from '../errors/errors.js';
import { isError } from '../errors/is-error.js';
import { safeCause } from '../errors/redact.js';
import { errorName } from '../observability/messages/queue-log.js';

const connectionError = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|Connection is closed/;

/**
 * Where faults go that nobody awaits: to `errors$`, and to the log by name. That a connection is lost is said once, by the
 * connection itself, and not again by everything that fails because of it.
 */
export class QueueErrors {
  readonly #subject = new Subject<unknown>();
  readonly errors$: Observable<unknown> = this.#subject.asObservable();
  readonly #logger: Logger;
  #connectionLost = false;

  constructor(queueName: string) {
    this.#logger = new Logger(`AffinityQueue:${queueName}`);
  }

  /** Told by the connection. */
  set connectionLost(lost: boolean) {
    this.#connectionLost = lost;
  }

  readonly report = (error: unknown): void => {
    this.emit(error);
    if (!this.#isSaidAlready(error)) this.#logger.error(describe(error));
  };

  /** For a fault that another queue logs. */
  readonly emit = (error: unknown): void => {
    this.#subject.next(safeCause(error));
  };

  close(): void {
    this.#subject.complete();
  }

  #isSaidAlready(error: unknown): boolean {
    const text = isError(error) ? `${errorName(error)} ${error.message}` : '';
    if (connectionError.test(text)) return true;
    return (
      this.#connectionLost && (error instanceof CommandTimeoutError || text.includes('Command timed out'))
    );
  }
}

/** Name, code and where it was thrown; messages may quote what they were about. */
function describe(error: unknown): string {
  const at =
    error instanceof Error ? error.stack?.split('\n').find((line) => line.trimStart().startsWith('at ')) : '';
  return `${errorName(error)} ${at?.trim() ?? ''}`.trim();
}

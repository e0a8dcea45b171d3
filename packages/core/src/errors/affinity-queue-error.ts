import type { ErrorCode } from './codes.js';
import { safeCause } from './redact.js';

/**
 * The base of every error that this library throws on purpose. Match on `code` or with `instanceof`; the message is
 * for people and may change. Neither the message nor `details` ever holds a password, a payload or a result.
 *
 * @example
 * ```ts
 * import { AffinityQueueError } from 'nestjs-affinity-queue';
 *
 * function statusOf(error: unknown): number {
 *   return error instanceof AffinityQueueError && error.code === 'AFFINITY_INVALID_TASK' ? 400 : 500;
 * }
 * ```
 * @publicApi
 */
export class AffinityQueueError extends Error {
  /** Stable, for programs. */
  readonly code: ErrorCode;

  /** The facts behind the message, for programs. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: safeCause(options.cause) });
    this.code = code;
    this.details = Object.freeze({ ...details });
    // Not enumerable, as in the errors of the language: it stays out of what inspect and loggers print.
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
  }
}

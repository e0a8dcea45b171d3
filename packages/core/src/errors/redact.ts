import { isError } from './is-error.js';

const mask = '***';

/**
 * Hides the credentials of a Redis URL. Everything between the scheme and the LAST `@` counts as credentials, so
 * that a password which was not percent-encoded does not show in part.
 */
export function redactUrl(url: string): string {
  return redactQuery(url.replace(/^([a-z][a-z0-9+.-]*:)?(\/\/)?.*@/is, `$1$2${mask}@`));
}

/** Hides the credentials of every URL inside a text, such as the message of another library's error. */
export function redactText(text: string): string {
  return redactQuery(text.replace(/([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, `$1${mask}@`));
}

function redactQuery(text: string): string {
  return text.replace(/([?&][a-z]*(?:password|pass|token|secret)=)[^&\s]*/gi, `$1${mask}`);
}

/**
 * What may be kept of a foreign error, as the cause of ours or handed on. ioredis attaches the command and its arguments to the
 * errors that Redis replies with: for AUTH this is the password, for a script it is task payloads.
 */
export function safeCause(cause: unknown): unknown {
  if (!isError(cause)) return typeof cause === 'string' ? redactText(cause) : cause;
  const message = redactText(cause.message);
  if (!('command' in cause) && message === cause.message) return cause;
  const copy = new Error(message, cause.cause === undefined ? undefined : { cause: safeCause(cause.cause) });
  copy.name = cause.name;
  if (cause.stack !== undefined) copy.stack = redactText(cause.stack);
  if ('code' in cause) Object.assign(copy, { code: cause.code });
  return copy;
}

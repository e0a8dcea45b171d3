import { shorten } from '../domain/text.js';
import { asText } from './script-arguments.js';

/** An error can quote whatever its handler worked on; with every attempt its text is stored several times. */
const maxMessageChars = 4_000;
const maxStackChars = 8_000;
/** Of the latest attempts, unless the task says otherwise (BullMQ's `stackTraceLimit`). */
export const keptStacks = 10;

/** The reason of a failure as it is stored. */
export function boundedReason(reason: unknown): string {
  return shorten(asText(reason), maxMessageChars);
}

/** The error itself; or, where its texts are too long to be stored, one that is the same but for them. */
export function boundedError(error: Error): Error {
  const message = asText(error.message);
  const stack = asText(error.stack);
  if (message.length <= maxMessageChars && stack.length <= maxStackChars) return error;
  const short = boundedReason(message);
  // The stack begins with the message: what is cut is that, not the calls behind it.
  const at = stack.indexOf(message);
  const calls = at < 0 ? stack : stack.slice(0, at) + short + stack.slice(at + message.length);
  // Of the same class: BullMQ treats some errors in their own ways.
  return Object.create(error, {
    message: { value: short },
    stack: { value: shorten(calls, maxStackChars) },
  }) as Error;
}

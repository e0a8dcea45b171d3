import { encodeJson } from '../domain/encode-json.js';
import { displayValue } from '../domain/text.js';
import { InvalidArgumentError } from '../errors/errors.js';

/**
 * The progress of a task as it is stored. BullMQ's QueueEvents, in whatever process, stops reading for good at a progress
 * that is no JSON, so none is written.
 *
 * @throws {@link InvalidArgumentError}
 */
export function encodeProgress(progress: unknown): string {
  const encoded = encodeJson(progress);
  if (progress !== undefined && encoded.ok) return encoded.json;
  const reason = encoded.ok ? '' : `; this one ${encoded.reason}`;
  const allowed = `a value that JSON can hold${reason}`;
  throw new InvalidArgumentError({ argument: 'progress', value: displayValue(progress), allowed });
}

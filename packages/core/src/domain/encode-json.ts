import { utf8Bytes } from './text.js';

/** A value as JSON, or why it has none. Reasons complete a sentence such as "payload …" and never quote content. */
export type EncodedJson =
  | { readonly ok: true; readonly json: string; readonly bytes: number }
  | { readonly ok: false; readonly reason: string; readonly cause?: unknown };

class NotJsonError extends Error {}

/**
 * Encodes what a task carries. `undefined` becomes `null`. Stricter than `JSON.stringify`, which silently drops
 * functions and symbols, and empties Maps, Sets and numbers that are not finite: what arrives must be what was sent.
 */
export function encodeJson(value: unknown): EncodedJson {
  try {
    const json = JSON.stringify(value === undefined ? null : value, refuseWhatJsonLoses);
    // A toJSON() that returns undefined.
    if (json === undefined) return { ok: true, json: 'null', bytes: 4 };
    return { ok: true, json, bytes: utf8Bytes(json) };
  } catch (error) {
    return { ok: false, reason: reasonOf(error), cause: error };
  }
}

function refuseWhatJsonLoses(_key: string, value: unknown): unknown {
  switch (typeof value) {
    case 'function':
    case 'symbol':
    case 'bigint':
      throw new NotJsonError(`contains a ${typeof value}, which JSON cannot hold`);
    case 'number':
      if (!Number.isFinite(value)) throw new NotJsonError(`contains ${value}, which JSON cannot hold`);
      return value;
    case 'object':
      if (value instanceof Map || value instanceof Set || value instanceof Promise) {
        throw new NotJsonError(`contains a ${value.constructor.name}, which JSON cannot hold`);
      }
      return value;
    default:
      return value;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NotJsonError) return error.message;
  if (error instanceof RangeError) return 'is nested too deeply for JSON';
  if (error instanceof TypeError && /circular/i.test(error.message))
    return 'refers to itself, which JSON cannot hold';
  return 'cannot be turned into JSON';
}

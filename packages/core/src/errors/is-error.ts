import { types } from 'node:util';

/** Also true for errors of another realm: inside jest those of Node itself are. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

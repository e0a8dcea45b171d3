import type { ScriptArgument } from '../redis/script-runner.js';

/** What BullMQ's argument builders return, as it would reach Redis. */
export function asArguments(values: readonly unknown[]): ScriptArgument[] {
  return values.map((value) => (typeof value === 'number' || Buffer.isBuffer(value) ? value : asText(value)));
}

/** What ioredis would send for such a value; `null` and `undefined` become empty, an object its JSON. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'bigint' || typeof value === 'symbol'
    ? String(value)
    : (JSON.stringify(value) ?? '');
}

/**
 * Fields of a hash as text, without those that are `undefined`. Lua cannot store anything else, and an error whose `message`
 * is an object must not keep the failure from being recorded.
 */
export function asTexts(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) texts[name] = asText(value);
  }
  return texts;
}

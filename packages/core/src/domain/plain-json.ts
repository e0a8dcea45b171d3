/** Deeper values are left to `JSON.stringify`, and so are those that refer to themselves. */
const deepest = 16;
/** Of longer texts `JSON.stringify` is as fast. */
const longestText = 200;
/** Quotes, backslashes, control characters and surrogates. */
const notAsItIs = /[^ !#-[\]-\uD7FF\uE000-\uFFFF]/;

/**
 * The JSON of a value that is nothing but data: objects without a class, lists, texts, finite numbers. It is what `JSON.stringify`
 * makes of it, in a third of the time that this takes with a function that looks at each value. Each property is read once.
 *
 * @returns nothing for any other value
 */
export function plainJson(value: unknown, depth = deepest): string | undefined {
  switch (typeof value) {
    case 'string':
      return textJson(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth === 0 || (value as { toJSON?: unknown }).toJSON !== undefined) return undefined;
      return Array.isArray(value) ? listJson(value, depth - 1) : objectJson(value, depth - 1);
    default:
      return undefined;
  }
}

/** A text as JSON. */
export function textJson(text: string): string {
  return text.length > longestText || notAsItIs.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function listJson(list: readonly unknown[], depth: number): string | undefined {
  let json = '';
  // By number, as JSON.stringify: a list's iterator may have been replaced.
  const { length } = list;
  for (let index = 0; index < length; index += 1) {
    const value = list[index];
    const item = value === undefined ? 'null' : plainJson(value, depth);
    if (item === undefined) return undefined;
    json += json === '' ? item : `,${item}`;
  }
  return `[${json}]`;
}

function objectJson(object: object, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  let json = '';
  for (const key of Object.keys(object)) {
    const value = (object as Record<string, unknown>)[key];
    if (value === undefined) continue;
    const item = plainJson(value, depth);
    if (item === undefined) return undefined;
    json += json === '' ? `${textJson(key)}:${item}` : `,${textJson(key)}:${item}`;
  }
  return `{${json}}`;
}

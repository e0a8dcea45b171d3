import type { Redis } from 'ioredis';

/** Escapes what SCAN's MATCH would take for a pattern. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** Hashes whose keys begin and end so, by SCAN (never KEYS, which holds Redis up for as long as it takes). */
export async function* scanHashes(
  client: Redis,
  { prefix, suffix, count }: { prefix: string; suffix: string; count: number },
): AsyncGenerator<string> {
  const pattern = `${escapeGlob(prefix)}*${escapeGlob(suffix)}`;
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', count, 'TYPE', 'hash');
    yield* keys;
    cursor = next;
  } while (cursor !== '0');
}

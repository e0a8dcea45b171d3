import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** After a step of a scan Redis is left alone for so many times as long as the step took: a tenth of it is ours at most. */
const restPerStep = 9;
/** A step that took long waited for something else. */
const longestRestMs = 50;

/** Escapes what SCAN's MATCH would take for a pattern. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/**
 * Hashes whose keys begin and end so, by SCAN (never KEYS, which holds Redis up for as long as it takes), at a pace that
 * leaves Redis to others.
 *
 * @param wanted.signal - ends the scan early
 */
export async function* scanHashes(
  client: Redis,
  {
    prefix,
    suffix,
    count,
    signal,
  }: { prefix: string; suffix: string; count: number; signal?: AbortSignal | undefined },
): AsyncGenerator<string> {
  const pattern = `${escapeGlob(prefix)}*${escapeGlob(suffix)}`;
  let cursor = '0';
  do {
    const startedAt = performance.now();
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', count, 'TYPE', 'hash');
    const tookMs = performance.now() - startedAt;
    yield* keys;
    cursor = next;
    if (cursor !== '0') await rest(tookMs, signal);
  } while (cursor !== '0' && signal?.aborted !== true);
}

async function rest(tookMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(Math.min(longestRestMs, tookMs * restPerStep), undefined, signal && { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

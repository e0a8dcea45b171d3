import type { BenchTask } from '../peers/peer.js';

/** `count` tasks over `tags` tags, in turn, with a payload of about so many bytes. */
export function makeTasks(count: number, tags: number, payloadBytes = 20): BenchTask[] {
  const filler = 'x'.repeat(Math.max(0, payloadBytes - 12));
  return Array.from({ length: count }, (_, n) => ({ tag: `tag-${n % tags}`, payload: { n, filler } }));
}

export async function inChunks<T>(items: readonly T[], size: number, run: (chunk: T[]) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += size) await run(items.slice(from, from + size));
}

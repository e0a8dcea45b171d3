import type { Redis } from 'ioredis';
import { decodeWitness, type WitnessEntry } from './witness.js';

const page = 1_000;

/** The key of the witness stream of a pending queue. Only a test build of the scripts writes it. */
export function witnessKey(pendingQueueName: string): string {
  return `bull:${pendingQueueName}:aff:witness`;
}

/**
 * The witness stream of a queue, from its beginning.
 *
 * @publicApi
 */
export async function* readWitness(
  redis: Pick<Redis, 'xrange'>,
  pendingQueueName: string,
): AsyncGenerator<WitnessEntry> {
  const key = witnessKey(pendingQueueName);
  for (let from = '-'; ;) {
    const entries = await redis.xrange(key, from, '+', 'COUNT', page);
    for (const [id, flat] of entries) {
      const entry = decodeWitness(id, flat);
      if (entry !== undefined) yield entry;
    }
    if (entries.length < page) return;
    from = `(${entries[entries.length - 1]![0]}`;
  }
}

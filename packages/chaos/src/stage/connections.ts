import type { Cluster } from './cluster.js';
import { DeadlineError, until } from './until.js';

/** Connections of the campaign itself: it looks, and it follows the witness. */
const own = 2;
/** As docs/reference/architecture.md has it, of an instance that listens to no events. */
const perInstance = 3;
/** Redis hears of a socket that is gone when it next looks at it. */
const settlesWithinMs = 10_000;

/**
 * Waits until Redis has as many connections as the instances that work have by the documents, and the campaign.
 *
 * @returns what is wrong, if it does not come to that
 */
export async function strayConnections(cluster: Cluster): Promise<string | undefined> {
  let count = 0;
  const documented = (): number => own + perInstance * cluster.working.length;
  try {
    await until(
      'connections are those of the documents',
      async () => (count = await connectionsOf(cluster)) === documented(),
      { timeoutMs: settlesWithinMs, everyMs: 100 },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return `${count} connections are open of ${cluster.working.length} instances and the campaign; it should be ${documented()}`;
  }
}

async function connectionsOf({ redis }: Cluster): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
}

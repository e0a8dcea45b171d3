import type { Cluster } from './cluster.js';
import { DeadlineError, until } from './until.js';

/** Connections of the campaign itself: it looks, and it follows the witness. */
const own = 2;
/** As docs/reference/architecture.md has it, of an instance that listens to no events. */
const perInstance = 3;
/** Redis hears of a socket that is gone when it next looks at it. */
const settlesWithinMs = 10_000;

/** Connections that are there. */
export interface Connections {
  readonly instances: number;
  /** Of all instances together. */
  readonly count: number;
  /** What is wrong with that. */
  readonly problem: string | undefined;
}

/** Waits until Redis has as many connections as the instances that work have by the documents, and the campaign. */
export async function countConnections(cluster: Cluster): Promise<Connections> {
  let count = 0;
  const found = (problem?: string): Connections => ({
    instances: cluster.working.length,
    count: count - own,
    problem,
  });
  const documented = (): number => own + perInstance * cluster.working.length;
  try {
    await until(
      'connections are those of the documents',
      async () => (count = await connectionsOf(cluster)) === documented(),
      { timeoutMs: settlesWithinMs, everyMs: 100 },
    );
    return found();
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return found(
      `${count} connections are open of ${cluster.working.length} instances and the campaign; it should be ${documented()}`,
    );
  }
}

async function connectionsOf({ redis }: Cluster): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
}

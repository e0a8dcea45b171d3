import type { Cluster } from './cluster.js';

const interrupt = /^scheduler:instance:.*:interrupt:(workers|leaders)$/;

/** But for those that tell a blocking wait to begin anew: who is killed before it reads one leaves it for a minute. */
export async function lastingKeys({ redis }: Cluster): Promise<string[]> {
  const lasting: string[] = [];
  for (const key of await redis.keys('*')) {
    if (!interrupt.test(key) || (await redis.pttl(key)) < 0) lasting.push(key);
  }
  return lasting;
}

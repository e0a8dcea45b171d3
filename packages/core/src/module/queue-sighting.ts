import { longestTaskDataBytes } from '../domain/task-data.js';
import type { QueueContext } from '../redis/queue-context.js';

/** Who leads a queue and what waits longest in it, at one moment. */
export interface QueueSighting {
  readonly lockValue: string;
  /** -2: there is no lock, -1: it does not expire. */
  readonly lockTtlMs: number;
  readonly leaderInfo: string;
  readonly nowMs: number;
  readonly oldestTag: string | null;
  readonly oldestSinceMs: number;
}

type Reply = [string, number, string, string, string | null, string | null];

/** How many ready tags one look compares. */
const ringReach = 100;

/** Asks Redis. */
export async function sightQueue({ scripts, keys, options }: QueueContext): Promise<QueueSighting> {
  const args = [ringReach, longestTaskDataBytes(options)];
  const reply = await scripts.run('getHealth', { keys: [keys.leaderInfo], args });
  const [lockValue, lockTtlMs, leaderInfo, now, oldestTag, since] = reply as Reply;
  return {
    lockValue,
    lockTtlMs,
    leaderInfo,
    nowMs: Number(now),
    oldestTag,
    oldestSinceMs: Number(since ?? 0),
  };
}

import type { Redis } from 'ioredis';
import { letRedisGoFirst } from '../instruments/priority.js';
import { readSlowLog, startSlowLog } from '../instruments/slow-log.js';
import { median } from '../statistics/statistics.js';
import type { Measurement } from './measurement.js';

export interface ScanInput {
  /** Task keys beside the few that are looked for. */
  readonly keys: number;
  /** COUNT of SCAN. */
  readonly count: number;
}

const pattern = 'bull:worker-queue-*:meta';
const perScript = 5_000;

/** The search for worker queues among so many keys: by SCAN, and by KEYS for comparison. */
export const measureScan: Measurement<ScanInput> = async ({ admin }, { keys, count }) => {
  await letRedisGoFirst();
  await populate(admin, keys);
  await startSlowLog(admin, 0);
  const startedAt = performance.now();
  let calls = 0;
  let cursor = '0';
  do {
    [cursor] = await admin.scan(cursor, 'MATCH', pattern, 'COUNT', count);
    calls += 1;
  } while (cursor !== '0');
  const totalMs = performance.now() - startedAt;
  const callsMs = await durationsMs(admin, 'scan');
  await admin.keys(pattern);
  const keysMs = await durationsMs(admin, 'keys');
  return {
    calls,
    totalMs,
    callMs: median(callsMs),
    longestCallMs: Math.max(...callsMs),
    keysMs: median(keysMs),
  };
};

async function populate(redis: Redis, keys: number): Promise<void> {
  const script = `for n = ARGV[1], ARGV[2] do redis.call('SET', 'bull:pending-tasks:' .. n, n) end`;
  for (let from = 0; from < keys; from += perScript) {
    await redis.eval(script, 0, from, Math.min(keys, from + perScript) - 1);
  }
}

async function durationsMs(redis: Redis, command: string): Promise<number[]> {
  const recorded = await readSlowLog(redis);
  return recorded.filter((entry) => entry.command === command).map(({ micros }) => micros / 1_000);
}

import { acquireRedis } from '../redis/index.mjs';

/** Jest's workers inherit the variable; its name keeps it out of the library's own option resolution. */
export default async function setup() {
  const redis = await acquireRedis({ log: (line) => console.error(line) });
  process.env.AFFINITY_TEST_REDIS_URL = redis.url;
  globalThis.affinityTestRedis = redis;
}

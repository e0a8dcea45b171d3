import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** The throw-away Redis of this run. */
export function testRedisUrl(): string {
  const url = process.env.AFFINITY_TEST_REDIS_URL;
  if (url === undefined) throw new Error('AFFINITY_TEST_REDIS_URL is not set: run the tests through jest');
  return url;
}

/** Names that no other test has. */
export function uniqueName(prefix = 'q'): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}

export function connect(): Redis {
  return new Redis(testRedisUrl(), { maxRetriesPerRequest: null });
}

import { testRedisUrl } from '../../support/redis.js';

/**
 * Runs with the variables of an application that is configured by nothing but its environment, on a database of its own:
 * the samples use the default names.
 *
 * @param database - one that no other test uses
 */
export async function withEnvironment<T>(
  { database, ...variables }: { database: number } & Record<string, unknown>,
  run: (redisUrl: string) => Promise<T>,
): Promise<T> {
  const redisUrl = `${testRedisUrl()}/${database}`;
  const before = { ...process.env };
  Object.assign(process.env, { REDIS_URL: redisUrl, QUEUE_LOCALE: 'en', ...variables });
  try {
    return await run(redisUrl);
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

/** Databases of the throw-away server; each suite of this folder that uses the default names has one. */
export const databases = {
  quickStart: 501,
  samples: 502,
  readme: 503,
  commands: 504,
  operate: 505,
  options: 506,
  keys: 507,
  ratePerTenant: 491,
  longTasks: 492,
  fanOut: 493,
  migrating: 494,
  deployments: 495,
} as const;

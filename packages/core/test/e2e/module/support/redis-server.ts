import { Redis } from 'ioredis';

interface AcquiredRedis {
  readonly url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** A throw-away Redis of its own, for what a shared one cannot be asked to be. */
export interface OwnRedis {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const started = new Set<OwnRedis>();

export async function startRedis(...args: string[]): Promise<OwnRedis> {
  const tool = new URL('../../../../../../tools/redis/index.mjs', import.meta.url).href;
  const { acquireRedis } = (await import(tool)) as {
    acquireRedis(options: { args: string[] }): Promise<AcquiredRedis>;
  };
  const { url, pid, stop } = await acquireRedis({ args });
  const { hostname, port } = new URL(url);
  const redis: OwnRedis = {
    url,
    host: hostname,
    port: Number(port),
    pid,
    stop: async () => {
      if (started.delete(redis)) await stop();
    },
  };
  started.add(redis);
  return redis;
}

/** For `afterAll`. */
export async function stopRedisServers(): Promise<void> {
  await Promise.all([...started].map((redis) => redis.stop()));
}

/** Runs commands on a connection of their own. */
export async function withClient<T>(url: string, run: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { maxRetriesPerRequest: null });
  try {
    return await run(client);
  } finally {
    client.disconnect();
  }
}

/** Names of the library's connections at a server. */
export async function ourConnections(url: string, prefix = 'affinity:'): Promise<string[]> {
  const list = await withClient(url, async (client) => String(await client.client('LIST')));
  return list.split('\n').flatMap((line) => {
    const name = / name=(\S*)/.exec(line)?.[1] ?? '';
    return name.startsWith(prefix) ? [name] : [];
  });
}

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface OwnServer {
  readonly url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const redisTools = pathToFileURL(resolve(import.meta.dirname, '../../../../tools/redis/index.mjs')).href;

/** A Redis server for one spec alone, started with these arguments. */
export function startOwnServer(...args: readonly string[]): Promise<OwnServer> {
  return acquire({ args });
}

/** A Sentinel for one spec alone; it writes to its configuration file. */
export function startSentinel(config: string, ...args: readonly string[]): Promise<OwnServer> {
  return acquire({ config, args: ['--sentinel', ...args] });
}

async function acquire(options: object): Promise<OwnServer> {
  const { acquireRedis } = (await import(redisTools)) as {
    acquireRedis(options: object): Promise<OwnServer>;
  };
  return acquireRedis(options);
}

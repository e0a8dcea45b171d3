import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface OwnServer {
  readonly url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const redisTools = pathToFileURL(resolve(import.meta.dirname, '../../../../tools/redis/index.mjs')).href;

/** A Redis server for one spec alone, started with these arguments. */
export async function startOwnServer(...args: readonly string[]): Promise<OwnServer> {
  const { acquireRedis } = (await import(redisTools)) as {
    acquireRedis(options: object): Promise<OwnServer>;
  };
  return acquireRedis({ args });
}

import type { Redis } from 'ioredis';

/** Connections that Redis has, the asking one left out. */
export async function countConnections(redis: Redis): Promise<number> {
  const list = (await redis.client('LIST')) as string;
  return list.trim().split('\n').length - 1;
}

import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { redisVersion } from '../instruments/redis-info.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Load average of the last minute before the run: other work disturbs the figures. */
  readonly loadBefore: number;
  readonly node: string;
  readonly redis: string;
  /** What was asked of Redis, the same for every peer. */
  readonly durability: string;
  /** Installed versions by npm name. */
  readonly packages: Readonly<Record<string, string>>;
}

const described = ['nestjs-affinity-queue', 'groupmq', 'bullmq', 'ioredis', '@nestjs/core'];

export async function describeMachine(redisUrl: string): Promise<Machine> {
  const redis = new Redis(redisUrl);
  const version = await redisVersion(redis);
  const durability = await describeDurability(redis);
  redis.disconnect();
  const packages = await Promise.all(
    described.map(async (name) => [name, await installedVersion(name)] as const),
  );
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${/^\d+\.\d+/.exec(release())?.[0] ?? ''} ${arch()}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    node: process.version,
    redis: version,
    durability,
    packages: Object.fromEntries(packages),
  };
}

async function describeDurability(redis: Redis): Promise<string> {
  const [, appendOnly] = await redis.config('GET', 'appendonly');
  const [, fsync] = await redis.config('GET', 'appendfsync');
  return appendOnly === 'yes' ? `append-only file, fsync ${fsync}` : 'in memory only';
}

async function installedVersion(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

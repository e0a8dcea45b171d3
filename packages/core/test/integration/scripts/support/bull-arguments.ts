import {
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  type ConnectionOptions,
  type MinimalJob,
} from 'bullmq';
import type { Redis } from 'ioredis';
import { bullPrefix } from '../../../../src/redis/queue-keys.js';
import type { ScriptArgument } from '../../../../src/redis/script-runner.js';

export interface BullCall {
  readonly keys: string[];
  readonly args: ScriptArgument[];
}

export interface Outcome {
  readonly token: string;
  /** The result, or why it failed. */
  readonly value?: string;
  readonly failed?: boolean;
  readonly keepJobs?: boolean | number;
  readonly attempts?: number;
}

/** The keys and arguments that BullMQ's own backend gives to its scripts. */
export class BullArguments extends RedisQueueBackend {
  constructor(client: Redis, queueName: string) {
    const keys = new QueueKeys(bullPrefix);
    const connection = client as unknown as ConnectionOptions;
    super(
      connectionOf(client),
      queueName,
      keys.getKeys(queueName),
      (type) => keys.toKey(queueName, type),
      { connection },
      undefined,
      false,
    );
  }

  finished(
    id: string,
    { token, value = '"ok"', failed = false, keepJobs = false, attempts = 1 }: Outcome,
  ): BullCall {
    const job = { id, opts: { attempts } } as MinimalJob;
    const args = failed
      ? this.moveToFailedArgs(job, value, keepJobs, token, false)
      : this.moveToCompletedArgs(job, value, keepJobs, token, false);
    return split(args, 14);
  }

  delayed(
    id: string,
    { token, delayMs, byHandler = false }: { token: string; delayMs: number; byHandler?: boolean },
  ): BullCall {
    const opts = { skipAttempt: byHandler, fetchNext: false };
    return split(this.moveToDelayedArgs(id, Date.now(), token, delayMs, opts), 11);
  }

  waitingForChildren(id: string, token: string): BullCall {
    return split(this.moveToWaitingChildrenArgs(id, token, {}), 7);
  }

  removed(id: string, withChildren: boolean): BullCall {
    return split(this.removeArgs(id, withChildren), 2);
  }

  resumed(): BullCall {
    return split(this.pauseArgs(false), 7);
  }
}

const connections = new WeakMap<Redis, RedisConnection>();

function connectionOf(client: Redis): RedisConnection {
  const options = client as unknown as ConnectionOptions;
  const connection =
    connections.get(client) ?? new RedisConnection(options, { shared: true, blocking: false });
  connections.set(client, connection);
  return connection;
}

function split(given: readonly unknown[], numberOfKeys: number): BullCall {
  const all = given.map((value) =>
    Buffer.isBuffer(value) || typeof value === 'number' ? value : text(value),
  );
  return { keys: all.slice(0, numberOfKeys).map(String), args: all.slice(numberOfKeys) };
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : '';
}

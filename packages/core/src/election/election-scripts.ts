import { hostname } from 'node:os';
import type { QueueContext } from '../redis/queue-context.js';
import { layoutVersion } from '../redis/queue-keys.js';

export type Candidacy =
  | {
      readonly won: true;
      readonly lockValue: string;
      /** Info of the leader before, unless it resigned. */
      readonly unresigned: string;
    }
  | { readonly won: false; readonly lockValue: string; readonly ttlMs: number; readonly info: string };

/** The election's three steps in Redis, each one script. */
export class ElectionScripts {
  #startTime = 0;

  constructor(private readonly context: QueueContext) {}

  /** @param supersede - a lock value whose holder shows no life */
  async acquire(supersede: string): Promise<Candidacy> {
    const { scripts, nodeId, options } = this.context;
    this.#startTime = Date.now();
    const reply = (await scripts.run('acquireLeadership', {
      caller: nodeId,
      keys: this.#keys(true),
      args: [options.electionLockTtlMs, this.#info('__EPOCH__', 0), supersede, layoutVersion],
      context: { queueName: options.pendingQueueName, layoutExpected: layoutVersion },
    })) as [1, string, string] | [0, string, number, string];
    if (reply[0] === 1) return { won: true, lockValue: reply[1], unresigned: reply[2] };
    const [, lockValue, ttlMs, info] = reply;
    return { won: false, lockValue, ttlMs, info };
  }

  async renew(lockValue: string, heartbeats: number): Promise<void> {
    const { scripts, nodeId, options } = this.context;
    const epoch = epochOf(lockValue);
    await scripts.run('renewLeadership', {
      caller: lockValue,
      keys: this.#keys(false),
      args: [options.electionLockTtlMs, this.#info(epoch, heartbeats)],
      context: { nodeId, epoch },
    });
  }

  async resign(lockValue: string): Promise<void> {
    const { scripts, nodeId } = this.context;
    await scripts.run('resignLeadership', {
      caller: lockValue,
      keys: this.#keys(true),
      context: { nodeId, epoch: epochOf(lockValue) },
    });
  }

  #keys(withVacancy: boolean): string[] {
    const { electionEpoch, leaderInfo, electionVacancy } = this.context.keys;
    return withVacancy ? [electionEpoch, leaderInfo, electionVacancy] : [electionEpoch, leaderInfo];
  }

  /** The epoch is set into the text by itself: a script may put it there, and it stays a JSON number. */
  #info(epoch: string, heartbeats: number): string {
    const { nodeId } = this.context;
    const rest = JSON.stringify({ startTime: this.#startTime, lastHeartbeat: Date.now(), heartbeats });
    const head = JSON.stringify({ nodeId, hostname: hostname(), processId: process.pid });
    return `${head.slice(0, -1)},"epoch":${epoch},${rest.slice(1)}`;
  }
}

export function epochOf(lockValue: string): string {
  return lockValue.slice(lockValue.lastIndexOf(':') + 1);
}

export function nodeIdOf(lockValue: string): string {
  return lockValue.slice(0, lockValue.lastIndexOf(':'));
}

import { hostname } from 'node:os';
import { epochOf } from '../domain/lock-value.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { LockSighting } from './observed-lock.js';

export type Candidacy = {
  /** Other processes of the queue on this host. */
  readonly neighbours: readonly string[];
} & (
  | {
      readonly won: true;
      readonly lockValue: string;
      /** Info of the leader before, unless it resigned. */
      readonly unresigned: string;
    }
  | ({ readonly won: false } & LockSighting)
);

/** What a renewal answers instead of renewing. */
const askedToResign = 2;

/** The election's steps in Redis, each one script. */
export class ElectionScripts {
  #startTime = 0;

  constructor(private readonly context: QueueContext) {}

  /**
   * Takes the lock if it is free, if this instance holds it already (it won, and did not hear of it), or from a holder that
   * has shown no life since `lifeless` was seen.
   */
  async acquire(lifeless?: LockSighting): Promise<Candidacy> {
    const { scripts, nodeId, options, keys, process } = this.context;
    this.#startTime = Date.now();
    const reply = (await scripts.run('acquireLeadership', {
      caller: nodeId,
      keys: this.#keys(true),
      args: [
        options.electionLockTtlMs,
        this.#info('__EPOCH__', 0),
        lifeless?.lockValue ?? '',
        keys.layout,
        lifeless?.info ?? '',
        process?.host ?? '',
        process?.process ?? '',
      ],
      context: { queueName: options.pendingQueueName, layoutExpected: keys.layout },
    })) as [1, string, string, string[]] | [0, string, number, string, string[]];
    if (reply[0] === 1) {
      const [, lockValue, unresigned, neighbours] = reply;
      return { won: true, lockValue, unresigned, neighbours };
    }
    const [, lockValue, ttlMs, info, neighbours] = reply;
    return { won: false, lockValue, ttlMs, info, neighbours };
  }

  /** @returns whether the leader was asked to resign; its lease has not been renewed then */
  async renew(lockValue: string, heartbeats: number): Promise<boolean> {
    const { scripts, nodeId, options } = this.context;
    const epoch = epochOf(lockValue);
    const reply = await scripts.run('renewLeadership', {
      caller: lockValue,
      keys: this.#keys(false),
      args: [options.electionLockTtlMs, this.#info(epoch, heartbeats)],
      context: { nodeId, epoch },
    });
    return reply === askedToResign;
  }

  /** @returns lock value of the leader that was asked; nothing where nobody leads, or another one */
  async requestResignation(lockValue = ''): Promise<string | undefined> {
    const asked = (await this.context.scripts.run('requestResignation', { args: [lockValue] })) as string;
    return asked || undefined;
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

import { Redis } from 'ioredis';
import type { QueueModuleOptions, TaskOptions } from '../../../../src/index.js';
import { queueKeys, type QueueKeys } from '../../../../src/redis/queue-keys.js';
import { closeAll, startInstance, type TestInstance } from '../../../support/app.js';
import { closeProxies, healProxies } from '../../../support/proxy/fault-proxy.js';
import { testRedisUrl, uniqueName } from '../../../support/redis.js';
import { until } from '../../../support/until.js';
import { ChildInstance, journalKey, killChildren } from './child-instance.js';
import { noteHandler } from './fixture/note-handler.mjs';
import { Journal } from './journal.js';

/** Quick to expire. What has to survive a busy machine has longer ones. */
export const quickLeases = { electionLockTtl: 700, heartbeatInterval: 150, heartbeatTimeout: 700 };

/** Beyond what the protocol promises, for a machine that has other things to do. */
export const noiseMs = 1_500;

/** What the handler "note" is told. */
export interface Note {
  readonly n: number;
  /** Goes on until this key exists, or its signal is aborted. */
  readonly hold?: string;
  /** Does not mind its signal. */
  readonly deaf?: boolean;
  /** Takes so long. */
  readonly ms?: number;
  /** The event loop of its process stands still for so long. */
  readonly block?: number;
  /** Its process dies. */
  readonly exit?: boolean;
}

/** A queue with instances that are processes of their own, and somebody who adds tasks and looks. */
export class Scene {
  readonly keys: QueueKeys;
  readonly journal: Journal;
  readonly redis: Redis;

  private constructor(
    readonly name: string,
    readonly producer: TestInstance,
    private readonly redisUrl: string,
  ) {
    this.redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
    this.redis.on('error', () => undefined); // of a Redis that the test stops
    this.keys = queueKeys({
      pendingQueueName: `${name}-pending`,
      workerQueuePrefix: `${name}-worker`,
      workerStatePrefix: `${name}-state`,
    });
    this.journal = new Journal(this.redis, journalKey(name));
    scenes.add(this);
  }

  static async open(redisUrl = testRedisUrl()): Promise<Scene> {
    const name = uniqueName();
    const redisOptions = { url: redisUrl };
    return new Scene(name, await startInstance({ name, role: 'PRODUCER', redisOptions }), redisUrl);
  }

  /** An instance in this process. */
  async startLocal(options: QueueModuleOptions = {}): Promise<TestInstance> {
    const electionOptions = { ...quickLeases, ...options.electionOptions };
    let nodeId = '';
    const handler = noteHandler(this.redis, this.journal.key, () => nodeId);
    const redisOptions = options.redisOptions ?? { url: this.redisUrl };
    // A task that a failed test left running does not hold the next test up.
    const workerOptions = { shutdownTimeout: 2_000, ...options.workerOptions };
    const given = { ...options, name: this.name, electionOptions, redisOptions, workerOptions };
    const instance = await startInstance(given, (workers) => {
      workers.registerHandler('note', handler);
    });
    nodeId = instance.election.nodeId;
    return instance;
  }

  /** @param entry - of the library, where it is not the one of the source */
  startChild(options: QueueModuleOptions = {}, entry?: string): Promise<ChildInstance> {
    const electionOptions = { ...quickLeases, ...options.electionOptions };
    return ChildInstance.start({
      ...options,
      ...(entry !== undefined && { entry }),
      name: this.name,
      electionOptions,
    });
  }

  /** Adds tasks of a tag, in order. */
  async add(
    identifyTag: string,
    notes: readonly (Note | number)[],
    options?: TaskOptions,
  ): Promise<string[]> {
    const tasks = notes.map((note) => ({
      type: 'note',
      identifyTag,
      payload: typeof note === 'number' ? { n: note } : note,
      ...(options && { options }),
    }));
    return (await this.producer.queue.addBulk(tasks)).map((job) => job.id!);
  }

  /** A key that lets tasks hold until it is opened. */
  gate(): { readonly hold: string; open(): Promise<void> } {
    const hold = uniqueName(`${this.name}-gate`);
    return {
      hold,
      open: async () => {
        await this.redis.set(hold, '1', 'EX', 60);
      },
    };
  }

  async leader(): Promise<string | undefined> {
    return (await this.producer.election.getLeader())?.nodeId;
  }

  /** Waits until somebody else than those leads. */
  untilLeader(...others: readonly string[]): Promise<string> {
    return until('there is a leader', async () => {
      const leader = await this.leader();
      return leader !== undefined && !others.includes(leader) ? leader : undefined;
    });
  }

  untilStarted(identifyTag: string, n: number): Promise<unknown> {
    return until(`task ${n} of ${identifyTag} has begun`, async () =>
      (await this.journal.started(identifyTag)).includes(n),
    );
  }

  /** Ids of the workers that are registered. */
  async workers(): Promise<string[]> {
    return (await this.redis.hkeys(this.keys.workerRegistry)).sort();
  }

  /** When the queue said something, by its event stream: ms of Redis' clock. */
  async timesOf(event: string, fields: Readonly<Record<string, string>> = {}): Promise<number[]> {
    const rows = await this.redis.xrange(`${this.keys.base}events`, '-', '+');
    const meant = rows.filter(([, words]) => {
      const entry = new Map<string, string>();
      for (let i = 0; i + 1 < words.length; i += 2) entry.set(words[i]!, words[i + 1]!);
      const matches = ([name, value]: [string, string]) => entry.get(name) === value;
      return entry.get('event') === event && Object.entries(fields).every(matches);
    });
    return meant.map(([id]) => Number.parseInt(id, 10));
  }

  /** How often the queue said something. */
  async said(event: string, fields: Readonly<Record<string, string>> = {}): Promise<number> {
    return (await this.timesOf(event, fields)).length;
  }

  /** Waits until as many tasks have completed. */
  untilCompleted(count: number, timeoutMs = 15_000): Promise<unknown> {
    const done = async () => (await this.producer.queue.getQueueStats()).completed >= count;
    return until(`${count} tasks have completed`, done, { timeoutMs });
  }

  /** The lists of the queue that a leader changes. */
  async dump(): Promise<Record<'wait' | 'ring' | 'idle' | 'seq' | 'touched', string[]>> {
    const { base } = this.keys;
    const [wait, ring, idle, seq, touched] = await Promise.all([
      this.redis.lrange(`${base}wait`, 0, -1),
      this.redis.lrange(`${base}aff:ring`, 0, -1),
      this.redis.lrange(`${base}aff:idle`, 0, -1),
      this.redis.zrange(`${base}aff:seq`, 0, '-1'),
      this.redis.smembers(`${base}aff:touched`),
    ]);
    return { wait, ring, idle, seq, touched };
  }

  close(): void {
    scenes.delete(this);
    this.redis.disconnect();
  }
}

const scenes = new Set<Scene>();

/** For `afterEach`. */
export async function clearStage(): Promise<void> {
  healProxies();
  await killChildren();
  await closeAll();
  await closeProxies();
  for (const scene of scenes) scene.close();
}

/** `[from, from + 1, …]` */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

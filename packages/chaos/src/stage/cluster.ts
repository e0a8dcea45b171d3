import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { QueueModuleOptions, QueueRole } from 'nestjs-affinity-queue';
import { HistoryRecorder } from 'nestjs-affinity-queue/history';
import { WitnessFollower } from '../history/witness-follower.js';
import type { ProductionSetup } from '../instance/setup.js';
import { CommandNames } from '../proxy/command-names.js';
import { InstanceProxy } from '../proxy/instance-proxy.js';
import type { WitnessedScripts } from '../witness/test-build.js';
import { InstanceProcess, ProcessGoneError } from './instance-process.js';
import { keys, pendingQueueName, queueOptions } from './queue-names.js';
import { RedisServer } from './redis-server.js';
import { until } from './until.js';

const pacingMs = 50;
const mostRestarts = 20;

export interface ClusterSetup {
  /** Where histories, witness and faults go; it is made. */
  readonly folder: string;
  readonly scripts: WitnessedScripts;
  /** Other than the usual ones. */
  readonly redisArgs?: readonly string[] | undefined;
  readonly options?: QueueModuleOptions | undefined;
  /** Added to the environment of Redis. */
  readonly redisEnvironment?: Readonly<Record<string, string>>;
  /** Nobody adds anything while more tasks than this wait. */
  readonly mostWaiting?: number;
}

/**
 * Everything that one episode is played with: a Redis, instances that reach it through a proxy each, the history that they and
 * the campaign write, and the witness.
 */
export class Cluster {
  readonly instances: InstanceProcess[] = [];
  /** Of the campaign itself: faults, and what it sees in the end. */
  readonly recorder: HistoryRecorder;
  /** Those that ended without being told to, or not as they should. */
  readonly ended: InstanceProcess[] = [];
  /** How often an instance ended at its start, because of a fault, and was started again. */
  restarts = 0;
  /** Sees every instance before it sends anything, also one that is started again. */
  prepare: (instance: InstanceProcess) => void = () => undefined;
  /** Why instances did not start. */
  readonly failures: unknown[] = [];
  readonly #names: CommandNames;
  readonly #starting = new Set<Promise<void>>();
  #pacer: NodeJS.Timeout | undefined;
  #isProducing = false;
  #isAllowed = true;

  private constructor(
    private readonly setup: ClusterSetup,
    readonly server: RedisServer,
    readonly redis: Redis,
    readonly witness: WitnessFollower,
  ) {
    this.#names = new CommandNames(setup.scripts.names);
    const file = join(setup.folder, 'campaign.history.jsonl');
    this.recorder = new HistoryRecorder({ file, process: 'campaign' });
  }

  static async start(setup: ClusterSetup): Promise<Cluster> {
    mkdirSync(setup.folder, { recursive: true });
    const server = await RedisServer.start(setup.redisArgs, setup.redisEnvironment);
    const witness = new WitnessFollower(
      server.connect(),
      pendingQueueName,
      join(setup.folder, 'witness.jsonl'),
    );
    const cluster = new Cluster(setup, server, server.connect(), witness);
    witness.start();
    return cluster;
  }

  get folder(): string {
    return this.setup.folder;
  }

  /** Those that have started, and neither ended nor been told to end. */
  get working(): InstanceProcess[] {
    return this.instances.filter(
      ({ phase, wasTold, hasExited }) => phase === 'working' && !wasTold && !hasExited,
    );
  }

  get leader(): InstanceProcess | undefined {
    return this.working.find(({ nodeId }) => nodeId === this.witness.leader);
  }

  /** Begins to start an instance; it adds tasks as soon as it works, if others do. */
  async spawn(role: QueueRole, production?: ProductionSetup): Promise<InstanceProcess> {
    const proxy = await InstanceProxy.start(this.server.port, this.#names);
    const options = {
      ...(this.setup.options ?? queueOptions()),
      redisOptions: { url: proxy.url, commandTimeout: 2_000 },
    };
    const setup = { role, options, production, historyFolder: this.folder };
    const instance = InstanceProcess.spawn(setup, proxy, this.setup.scripts);
    this.prepare(instance);
    this.instances.push(instance);
    void instance.exited.then(async () => {
      this.instances.splice(this.instances.indexOf(instance), 1);
      // One that cannot reach Redis at its start ends; it is started again.
      if (instance.phase !== 'starting' && (!instance.wasTold || this.#endedBadly(instance)))
        this.ended.push(instance);
      await proxy.close();
    });
    const starting = this.#join(instance).catch((error: unknown) => {
      this.failures.push(error);
    });
    this.#starting.add(starting);
    void starting.finally(() => this.#starting.delete(starting));
    return instance;
  }

  /** Resolves when it works. @throws when it ends before that */
  async add(role: QueueRole, production?: ProductionSetup): Promise<InstanceProcess> {
    const instance = await this.spawn(role, production);
    await instance.ready();
    return instance;
  }

  /** Resolves when nobody is about to start any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#starting);
  }

  /** Lets the producers add tasks, within bounds. */
  produce(isOn: boolean): void {
    this.#isProducing = isOn;
    this.#isAllowed = true;
    this.#tellProducers();
    clearInterval(this.#pacer);
    if (!isOn) return;
    const most = this.setup.mostWaiting ?? 200;
    this.#pacer = setInterval(() => {
      const isAllowed = this.witness.backlog < (this.#isAllowed ? most : most / 2);
      if (isAllowed === this.#isAllowed) return;
      this.#isAllowed = isAllowed;
      this.#tellProducers();
    }, pacingMs);
  }

  /** Resolves when so many attempts have ended since `from`. @throws after the time */
  async commits(count: number, from = this.witness.commits, timeoutMs = 20_000): Promise<void> {
    await until(`${count} attempts have ended`, () => this.witness.commits >= from + count, { timeoutMs });
  }

  /** Nest ends a process by the signal that it was told to stop by, when everything has been closed. */
  #endedBadly({ exit }: InstanceProcess): boolean {
    return exit?.code !== 0 && !['SIGKILL', 'SIGTERM'].includes(exit?.signal ?? '');
  }

  /** Nothing waits, runs or is delayed, and nobody is registered who is not there. */
  async isQuiet(): Promise<boolean> {
    const { redis } = this;
    const counts = await Promise.all([
      redis.llen(keys.wait),
      redis.zcard(keys.prioritized),
      redis.zcard(keys.delayed),
      redis.zcard(keys.waitingChildren),
      redis.llen(keys.active),
      redis.zcard(keys.waitingIds),
      redis.hlen(keys.owners),
    ]);
    if (counts.some((count) => count > 0)) return false;
    const nodes = new Set(this.working.map(({ nodeId }) => nodeId));
    const registered = await redis.hkeys(keys.registry);
    return registered.every((worker) => nodes.has(worker.slice(0, worker.lastIndexOf('-'))));
  }

  /** SIGTERM to everybody; resolves when all are gone. */
  async stopAll(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  /** Ends whatever is left, whatever state it is in. */
  async close(): Promise<void> {
    clearInterval(this.#pacer);
    for (const instance of this.instances) instance.signal('SIGCONT');
    await Promise.all([...this.instances].map((instance) => instance.kill()));
    this.server.thaw();
    await this.witness.stop();
    this.recorder.close();
    await this.server.close();
  }

  async #join(instance: InstanceProcess): Promise<void> {
    try {
      await instance.ready();
    } catch (error) {
      if (!instance.hasExited) throw error;
      if (!instance.wasTold) await this.#startAgain(instance, error);
      return;
    }
    if (this.#isProducing && this.#isAllowed) await tell(instance, true);
  }

  /** As a process manager does. */
  async #startAgain({ setup }: InstanceProcess, error: unknown): Promise<void> {
    this.restarts += 1;
    if (this.restarts > mostRestarts) throw error;
    await this.spawn(setup.role, setup.production);
  }

  #tellProducers(): void {
    for (const instance of this.working) void tell(instance, this.#isProducing && this.#isAllowed);
  }
}

/** A process that ends before it hears it has nothing to do any more. */
async function tell(instance: InstanceProcess, isOn: boolean): Promise<void> {
  if (instance.setup.production === undefined) return;
  await instance.ask('produce', isOn).catch((error: unknown) => {
    if (!(error instanceof ProcessGoneError)) throw error;
  });
}

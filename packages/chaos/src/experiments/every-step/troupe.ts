import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import { ProcessGoneError, type InstanceProcess } from '../../stage/instance-process.js';
import { until } from '../../stage/until.js';
import { partOf, parts, roleOf, type Part } from './step.js';

const callsPerSecond = 15;

const instancesPerPart = 3;

/** Three instances of each part: one may be missing, another one still start. */
export class Troupe {
  readonly #starts: SeededRandom;

  constructor(
    private readonly cluster: Cluster,
    random: SeededRandom,
    /** Sees every instance before it sends anything. */
    prepare: (instance: InstanceProcess) => void,
  ) {
    cluster.prepare = prepare;
    this.#starts = new SeededRandom(random.int(1, 2 ** 30));
  }

  async begin(): Promise<void> {
    const all = parts.flatMap((part) => Array.from({ length: instancesPerPart }, () => part));
    await Promise.all(all.map((part) => this.spawn(part)));
    await Promise.all(parts.map((part) => this.working(part, instancesPerPart)));
    this.cluster.produce(true);
  }

  async spawn(part: Part): Promise<InstanceProcess> {
    const seed = this.#starts.int(1, 2 ** 30);
    const production = { seed, workload: 'full', callsPerSecond, hasChores: true } as const;
    return this.cluster.spawn(roleOf[part], part === 'producer' ? production : undefined);
  }

  /** As many as there were at the beginning, however many were ended. */
  async refill(part: Part): Promise<void> {
    while (this.all(part).length < instancesPerPart) await this.spawn(part);
  }

  /** One that works; of schedulers the one that leads. */
  find(part: Part): InstanceProcess | undefined {
    const { working, leader } = this.cluster;
    const own = working.filter(({ setup }) => partOf(setup.role) === part);
    return part === 'scheduler' && leader !== undefined ? leader : own[0];
  }

  /** Resolves when so many work. */
  async working(part: Part, count: number): Promise<void> {
    const isThere = (): boolean =>
      this.cluster.working.filter(({ setup }) => partOf(setup.role) === part).length >= count;
    await until(`${count} of ${part} work`, isThere, { timeoutMs: 120_000 });
  }

  all(part: Part): InstanceProcess[] {
    return this.cluster.instances.filter(({ setup, wasTold }) => !wasTold && partOf(setup.role) === part);
  }

  /** Nobody leads for so long. */
  async beLeaderless(ms: number): Promise<void> {
    const schedulers = this.all('scheduler');
    await Promise.all(schedulers.map((instance) => this.kill(instance, 'so that nobody leads')));
    await pause(ms);
    await this.refill('scheduler');
  }

  /** Asks whoever leads to resign. */
  async depose(): Promise<void> {
    const producer = this.find('producer');
    if (producer !== undefined) await ask(producer, 'depose');
  }

  /** No producer adds anything any more, and nothing goes on for ever that they have begun. */
  async end(): Promise<void> {
    this.cluster.produce(false);
    await this.cluster.settled();
    await this.working('producer', 1);
    for (const producer of this.all('producer')) await ask(producer, 'tidy');
  }

  /** Notes it, and kills it. */
  async kill(instance: InstanceProcess | undefined, detail?: string): Promise<void> {
    if (instance === undefined) return;
    const { nodeId } = instance;
    if (nodeId !== undefined)
      this.cluster.recorder.record('fault', {
        kind: 'kill',
        target: nodeId,
        ...(detail !== undefined && { detail }),
      });
    await instance.kill();
  }
}

/** One that ends meanwhile does not answer. */
async function ask(instance: InstanceProcess, name: 'depose' | 'tidy'): Promise<void> {
  await instance.ask(name, null).catch((error: unknown) => {
    if (!(error instanceof ProcessGoneError)) throw error;
  });
}

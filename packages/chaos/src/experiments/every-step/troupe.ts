import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { partOf, roleOf, type Part } from './step.js';

const callsPerSecond = 40;

/** Two instances of each part: one may always be missing. */
export class Troupe {
  readonly #starts: SeededRandom;

  constructor(
    private readonly cluster: Cluster,
    random: SeededRandom,
    /** Sees every instance before it sends anything. */
    private readonly prepare: (instance: InstanceProcess) => InstanceProcess,
  ) {
    this.#starts = new SeededRandom(random.int(1, 2 ** 30));
  }

  async begin(): Promise<void> {
    const all: Part[] = ['scheduler', 'scheduler', 'worker', 'worker', 'producer', 'producer'];
    const instances = await Promise.all(all.map((part) => this.spawn(part)));
    await Promise.all(instances.map((instance) => instance.ready()));
    this.cluster.produce(true);
  }

  async spawn(part: Part): Promise<InstanceProcess> {
    const production = { seed: this.#starts.int(1, 2 ** 30), workload: 'mixed', callsPerSecond } as const;
    const instance = await this.cluster.spawn(roleOf[part], part === 'producer' ? production : undefined);
    return this.prepare(instance);
  }

  /** One that works; of schedulers the one that leads. */
  find(part: Part): InstanceProcess | undefined {
    const { working, leader } = this.cluster;
    const own = working.filter(({ setup }) => partOf(setup.role) === part);
    return part === 'scheduler' && leader !== undefined ? leader : own[0];
  }

  all(part: Part): InstanceProcess[] {
    return this.cluster.instances.filter(({ setup }) => partOf(setup.role) === part);
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

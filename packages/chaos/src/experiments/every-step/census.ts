import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { leaseMs } from '../../stage/lease.js';
import { Troupe } from './troupe.js';
import { describeStep, partOf, type Step } from './step.js';

/**
 * Lives through everything that instances go through, and notes what each part sends: start, work, the loss of a worker and of a
 * leader, a resignation, graceful stops, scripts that Redis has forgotten.
 */
export async function takeCensus(cluster: Cluster, random: SeededRandom): Promise<Step[]> {
  const steps = new Map<string, Step>();
  const watched = (instance: InstanceProcess): InstanceProcess => {
    const part = partOf(instance.setup.role);
    instance.proxy.watch = (name) => {
      const step = { part, phase: instance.phase, name };
      steps.set(describeStep(step), step);
      return undefined;
    };
    return instance;
  };
  const troupe = new Troupe(cluster, random, watched);
  await troupe.begin();
  await cluster.commits(400, undefined, 60_000);
  for (const part of ['worker', 'scheduler'] as const) {
    await troupe.kill(troupe.find(part));
    await troupe.spawn(part);
    await pause(2.5 * leaseMs);
  }
  await cluster.redis.call('SCRIPT', 'FLUSH', 'SYNC');
  await troupe.find('scheduler')?.ask('resign', null);
  await pause(1.5 * leaseMs);
  for (const part of ['worker', 'scheduler', 'producer'] as const) {
    await troupe.find(part)?.stop();
    await troupe.spawn(part);
  }
  await cluster.commits(200, undefined, 60_000);
  return [...steps.values()].sort((one, other) => (describeStep(one) < describeStep(other) ? -1 : 1));
}

import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { leaseMs } from '../../stage/lease.js';
import { provocations } from './provocations.js';
import { describeStep, partOf, parts, type Place, type Step } from './step.js';
import { Troupe } from './troupe.js';

/**
 * Lives through everything that instances go through, and notes what each part sends: start, work, whatever provokes something,
 * and graceful stops. On one host that is also what instances send who see each other end.
 */
export async function takeCensus(cluster: Cluster, random: SeededRandom, place: Place): Promise<Step[]> {
  const steps = new Map<string, Step>();
  const watch = (instance: InstanceProcess): void => {
    const part = partOf(instance.setup.role);
    instance.proxy.watch = (name) => {
      const step = { part, phase: instance.phase, name };
      steps.set(describeStep(step), step);
      return undefined;
    };
  };
  const troupe = new Troupe(cluster, random, watch);
  await troupe.begin();
  await cluster.commits(400, undefined, 60_000);
  for (const part of parts) {
    for (const provoke of Object.values(provocations)) {
      await provoke({ cluster, troupe, part });
      await cluster.settled();
      await pause((place === 'apart' ? 1.5 : 0.5) * leaseMs);
    }
  }
  for (const part of parts) {
    // Everyone once: what the last one of a part does at its stop is not what the others do.
    for (let count = troupe.all(part).length; count > 0; count -= 1) {
      await troupe.find(part)?.stop();
      await troupe.refill(part);
      await cluster.settled();
    }
  }
  await cluster.commits(200, undefined, 60_000);
  await troupe.end();
  return [...steps.values()].sort((one, other) => (describeStep(one) < describeStep(other) ? -1 : 1));
}

import { setTimeout as pause } from 'node:timers/promises';
import { commitsToCount } from '../faults/fault-log.js';
import { describeFault, planFault, plannedKinds, type PlannedFault } from '../faults/planned-fault.js';
import { FaultStriker } from '../faults/strike.js';
import { growthBounds, growthPerHour, isFlat, type Reading } from '../measures/growth.js';
import { SeededRandom } from '../random/seeded-random.js';
import type { Cluster } from '../stage/cluster.js';
import { countConnections } from '../stage/connections.js';
import type { InstanceProcess } from '../stage/instance-process.js';
import { lastingKeys } from '../stage/lasting-keys.js';
import { keys, queueOptions } from '../stage/queue-names.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import { runEpisode, type Play } from './episode.js';
import { soakSamples } from './soak-samples.js';

const sampleMs = 5_000;
const faultMs = 60_000;
/** Finished tasks that are kept: few, so that Redis' memory shows what leaks. */
const keep = 200;
const ofRedis = 'memory of Redis';

/** A steady load for a long time, with a fault a minute: nothing grows. */
export const soak: Experiment = {
  name: 'soak',
  about: 'a steady load with a fault a minute: memory, keys and connections',
  defaultFaults: Number.POSITIVE_INFINITY,
  async *episodes({ seed, ...setup }, from) {
    const samples: Record<string, number[]> = {};
    const outcome = await runEpisode({
      experiment: 'soak',
      seed: seed + from,
      folder: setup.folder,
      scripts: setup.scripts,
      options: queueOptions({ keep }),
      play: (cluster, play) => run(cluster, play, { ...setup, seed: seed + from }, samples),
      whenQuiet: async (cluster, play) => {
        const { instances, count, problem } = await countConnections(cluster);
        samples[soakSamples.instances] = [instances];
        samples[soakSamples.connectionsQuiet] = [count];
        if (problem !== undefined) play.problem(`when the queue is quiet, ${problem}`);
      },
      whenStopped: async (cluster, play) => {
        const { count, problem } = await countConnections(cluster);
        samples[soakSamples.connectionsStopped] = [count];
        if (problem !== undefined) play.problem(`when everybody has stopped, ${problem}`);
        await countKeys(cluster, samples);
      },
    });
    yield { ...outcome, samples: { ...outcome.samples, ...samples } };
  },
};

async function run(
  cluster: Cluster,
  play: Play,
  { seed, minutes, progress }: CampaignSetup,
  samples: Record<string, number[]>,
): Promise<void> {
  const random = new SeededRandom(seed);
  const production = () => ({ seed: random.int(1, 2 ** 30), workload: 'mixed', callsPerSecond: 15 }) as const;
  // The first two are never killed or stopped: theirs is the memory that must not grow.
  const veterans = await Promise.all([0, 1].map(() => cluster.add('BOTH', production())));
  await Promise.all([0, 1].map(() => cluster.add('BOTH', production())));
  cluster.produce(true);
  const striker = new FaultStriker(cluster, ({ role }) => cluster.spawn(role, production()), veterans);
  const readings = new Map<string, Reading[]>();
  const endsAt = performance.now() + minutes * 60_000;
  let nextFaultAt = performance.now() + faultMs / 2;
  for (let faults = 0; performance.now() < endsAt;) {
    await read(cluster, veterans, readings);
    if (performance.now() > nextFaultAt) {
      nextFaultAt += faultMs;
      const kind = plannedKinds[faults % plannedKinds.length]!;
      faults += 1;
      await strike(cluster, play, striker, spare(planFault(random, kind), cluster, veterans), progress);
    }
    await pause(sampleMs);
  }
  for (const [name, series] of readings) {
    const growth = growthPerHour(series);
    samples[`${name}, KiB in an hour`] = [growth / 1_024];
    samples[`${name}, KiB`] = series.map(({ bytes }) => bytes / 1_024);
    const bound = name === ofRedis ? growthBounds.redis : growthBounds.instance;
    if (!isFlat(series, bound)) play.problem(`${name} grows by ${Math.round(growth / 1_024)} KiB in an hour`);
  }
}

async function countKeys(cluster: Cluster, samples: Record<string, number[]>): Promise<void> {
  const { redis } = cluster;
  const finished = await Promise.all(
    [keys.completed, keys.failed].map((key) => redis.zrange(key, '0', '-1')),
  );
  const tasks = new Set(finished.flat().map((id) => keys.task(id)));
  const isOfTask = (key: string): boolean => tasks.has(key) || tasks.has(key.slice(0, key.lastIndexOf(':')));
  const others = (await lastingKeys(cluster)).filter((key) => !isOfTask(key));
  samples[soakSamples.finishedTasks] = [tasks.size];
  samples[soakSamples.otherKeys] = [others.length];
}

async function strike(
  cluster: Cluster,
  play: Play,
  striker: FaultStriker,
  fault: PlannedFault,
  progress: (text: string) => void,
): Promise<void> {
  progress(describeFault(fault));
  const before = cluster.witness.commits;
  const { hit, target } = await striker.strike(fault);
  await cluster.commits(commitsToCount);
  play.log({
    kind: fault.kind,
    detail: describeFault(fault),
    target,
    hit,
    commitsAfter: cluster.witness.commits - before,
  });
}

/** Whoever is to be killed is none of the veterans. */
function spare(fault: PlannedFault, cluster: Cluster, veterans: readonly InstanceProcess[]): PlannedFault {
  if (fault.kind !== 'kill') return fault;
  const number = cluster.working.findIndex((instance) => !veterans.includes(instance));
  return { ...fault, victim: { isLeader: false, number } };
}

async function read(
  { redis }: Cluster,
  veterans: readonly InstanceProcess[],
  readings: Map<string, Reading[]>,
): Promise<void> {
  const atMs = performance.now();
  const add = (name: string, bytes: number | undefined): void => {
    if (bytes === undefined) return;
    const series = readings.get(name) ?? [];
    readings.set(name, series);
    series.push({ atMs, bytes });
  };
  veterans.forEach((instance, index) => {
    add(`memory of instance ${index + 1}`, instance.residentBytes);
  });
  add(ofRedis, Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]));
}

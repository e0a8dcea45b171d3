import { setTimeout as pause } from 'node:timers/promises';
import { commitsToCount } from '../faults/fault-log.js';
import { SeededRandom } from '../random/seeded-random.js';
import type { Cluster } from '../stage/cluster.js';
import type { InstanceProcess } from '../stage/instance-process.js';
import { leaseMs } from '../stage/lease.js';
import { until } from '../stage/until.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import { runEpisode, type Play } from './episode.js';

const roundsPerEpisode = 6;
const aloneBeforeMs = 1.7 * leaseMs;
const aloneAfterMs = 2.7 * leaseMs;

/** One failure at a time, with nothing else around it: how long until everything goes on. */
export const failover: Experiment = {
  name: 'failover',
  about: 'how soon tasks go on after the crash of a leader, the crash of a worker, and a resignation',
  defaultFaults: 120,
  async *episodes(setup, from) {
    for (let episode = from; ; episode += 1) {
      yield await runEpisode({
        experiment: 'failover',
        seed: setup.seed + episode,
        folder: setup.folder,
        scripts: setup.scripts,
        play: (cluster, play) => failOver(cluster, play, setup, new SeededRandom(setup.seed + episode)),
      });
    }
  },
};

async function failOver(
  cluster: Cluster,
  play: Play,
  { progress }: CampaignSetup,
  random: SeededRandom,
): Promise<void> {
  const production = () =>
    ({ seed: random.int(1, 2 ** 30), workload: 'steady', callsPerSecond: 30 }) as const;
  const all = ['SCHEDULER', 'SCHEDULER', 'SCHEDULER', 'WORKER', 'WORKER', 'WORKER'] as const;
  await Promise.all([...all.map((role) => cluster.add(role)), cluster.add('PRODUCER', production())]);
  cluster.produce(true);
  await cluster.commits(commitsToCount);

  const cases: Readonly<Record<string, () => Promise<InstanceProcess | undefined>>> = {
    'crash of the leader': async () => kill(cluster, await leaderOf(cluster)),
    'crash of a worker': async () => kill(cluster, random.pick(cluster.working.filter(isWorker))),
    resignation: async () => {
      const leader = await leaderOf(cluster);
      await leader.ask('resign', null);
      return leader;
    },
  };
  for (let round = 0; round < roundsPerEpisode; round += 1) {
    for (const [kind, strike] of Object.entries(cases)) {
      progress(kind);
      await pause(aloneBeforeMs);
      const before = cluster.witness.commits;
      const victim = await strike();
      await pause(aloneAfterMs);
      if (victim?.hasExited) await cluster.add(victim.setup.role);
      await cluster.commits(commitsToCount, before);
      play.log({
        ...{ kind, detail: kind, target: victim?.nodeId ?? '', hit: victim !== undefined },
        commitsAfter: cluster.witness.commits - before,
      });
    }
  }
}

async function leaderOf(cluster: Cluster): Promise<InstanceProcess> {
  return until('there is a leader', () => cluster.leader);
}

async function kill(cluster: Cluster, instance: InstanceProcess): Promise<InstanceProcess> {
  cluster.recorder.record('fault', { kind: 'kill', target: instance.nodeId ?? '' });
  await instance.kill();
  return instance;
}

function isWorker({ setup }: InstanceProcess): boolean {
  return setup.role === 'WORKER';
}

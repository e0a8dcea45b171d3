import { setTimeout as pause } from 'node:timers/promises';
import { commitsToCount } from '../faults/fault-log.js';
import { SeededRandom } from '../random/seeded-random.js';
import type { Cluster } from '../stage/cluster.js';
import type { InstanceProcess } from '../stage/instance-process.js';
import { failoverTimes, timedForMs } from '../measures/failover.js';
import { aftermathMs, leaseMs } from '../stage/lease.js';
import { queueOptions } from '../stage/queue-names.js';
import { until } from '../stage/until.js';
import type { CampaignSetup, Experiment } from './experiment.js';
import { runEpisode, type EpisodeSetup, type Play } from './episode.js';
import type { EpisodeOutcome } from './outcome.js';

const roundsPerEpisode = 6;
const aloneAfterMs = timedForMs + 0.2 * leaseMs;
/** With the pause after the failure before, long enough to feel nothing of it any more. */
const aloneBeforeMs = aftermathMs + 0.9 * leaseMs - aloneAfterMs;

/** One failure at a time, with nothing else around it: how long until everything goes on. */
export const failover: Experiment = {
  name: 'failover',
  about: 'how soon tasks go on after the crash of a leader, the crash of a worker, and a resignation',
  defaultFaults: 120,
  episodes: (setup, from) => failovers('failover', setup, from, {}),
};

/** The same where the processes are on one host and see each other end, with leases that would take far longer. */
export const sameHost: Experiment = {
  name: 'same-host',
  about: 'how soon tasks go on after a crash that another process on the host has seen',
  defaultFaults: 60,
  episodes: (setup, from) =>
    failovers('same-host', setup, from, {
      options: { ...queueOptions(), electionOptions: longLeases },
      measure: ({ timeline, ended }) => {
        const { leaderCrash, workerCrash, leaderAndWorkerCrash } = failoverTimes(timeline, ended, seen);
        return {
          ...{ leaderCrash: [], workerCrash: [], leaderAndWorkerCrash: [], resignation: [] },
          seenCrash: [...leaderCrash, ...workerCrash, ...leaderAndWorkerCrash],
        };
      },
    }),
};

/** A death that is seen is over as soon as with leases of that length. */
const seen = { lockTtlMs: leaseMs, heartbeatTimeoutMs: leaseMs };

const longLeases = {
  electionLockTtl: 20_000,
  heartbeatInterval: 5_000,
  heartbeatTimeout: 20_000,
  watchLocalProcesses: true,
} as const;

async function* failovers(
  experiment: string,
  setup: CampaignSetup,
  from: number,
  more: Partial<EpisodeSetup>,
): AsyncGenerator<EpisodeOutcome> {
  for (let episode = from; ; episode += 1) {
    const seed = setup.seed + episode;
    yield await runEpisode({
      experiment,
      seed,
      folder: setup.folder,
      scripts: setup.scripts,
      ...more,
      play: (cluster, play) => failOver(cluster, play, setup, new SeededRandom(seed)),
    });
  }
}

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

import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import { declaredDead } from '../../measures/declared-dead.js';
import { leaseMs } from '../../stage/lease.js';
import { until } from '../../stage/until.js';
import type { Experiment } from '../experiment.js';
import { runEpisode, type Play } from '../episode.js';
import { goesOn, note, populate } from './disaster.js';

const timesPerEpisode = 4;
const fullForMs = 4 * leaseMs;

/** Redis has no memory left, for longer than a lease, and gets some again: adds are refused meanwhile, leases and tasks go on. */
export const full: Experiment = {
  name: 'full',
  about: 'Redis reaches maxmemory (noeviction) for four leases, and is relieved',
  defaultFaults: 16,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      yield await runEpisode({
        experiment: 'full',
        seed: seed + episode,
        folder,
        scripts,
        measure: ({ timeline, problem }) => {
          // Heartbeats are let through, so that nobody is taken for dead.
          declaredDead(timeline).forEach(problem);
          return {};
        },
        play: (cluster, play) => fill(cluster, play, new SeededRandom(seed + episode), progress),
      });
    }
  },
};

async function fill(
  cluster: Cluster,
  play: Play,
  random: SeededRandom,
  progress: (text: string) => void,
): Promise<void> {
  await populate(cluster, random, 'steady');
  for (let time = 1; time <= timesPerEpisode; time += 1) {
    progress(`maxmemory, ${time}`);
    await pause(random.int(leaseMs / 2, 2 * leaseMs));
    await fillOnce(cluster, play, fullForMs);
  }
}

/** Adds have been refused if it hit. */
export async function fillOnce(cluster: Cluster, play: Play, ms: number): Promise<void> {
  const { redis, witness } = cluster;
  const before = witness.commits;
  const waiting = witness.backlog;
  const refused = await refusals(cluster);
  note(cluster, 'full', 'maxmemory', ms);
  await redis.config('SET', 'maxmemory', 1);
  await pause(ms);
  const hit = (await refusals(cluster)) > refused;
  // What had been taken in goes on: to end a task needs no memory.
  if (waiting > 0 && witness.commits === before) play.problem('no attempt ended while Redis was full');
  await redis.config('SET', 'maxmemory', 0);
  await until('Redis takes writes again', async () => (await redis.set('relieved', '1')) === 'OK');
  await redis.del('relieved');
  await goesOn(cluster, play, 'maxmemory', hit, before);
}

/** Commands that Redis has refused for want of memory. */
async function refusals({ redis }: Cluster): Promise<number> {
  return Number(/errorstat_OOM:count=(\d+)/.exec(await redis.info('errorstats'))?.[1] ?? 0);
}

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import { defaultRedisArgs, RedisServer } from '../../stage/redis-server.js';
import { until } from '../../stage/until.js';
import type { Experiment } from '../experiment.js';
import { runEpisode, type Play } from '../episode.js';
import { fallingEpochs, goesOn, lostPerLoss, noteOver, populate } from './disaster.js';

const promotionsPerEpisode = 2;
const detail = 'promotion of a replica that was cut off';

/**
 * A replica is cut off, the master goes on for a while, then the replica takes its place: what the master had acknowledged
 * since is lost, as asynchronous replication promises nothing. Epochs rise all the same, and the system goes on.
 */
export const promotion: Experiment = {
  name: 'promotion',
  about: 'a replica that was cut off takes the place of its master',
  defaultFaults: 8,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      yield await runEpisode({
        experiment: 'promotion',
        seed: seed + episode,
        folder,
        scripts,
        measure: ({ timeline, ended, problem }) => {
          fallingEpochs(timeline).forEach(problem);
          return {
            lostByPromotion: lostPerLoss(timeline, ended.tasks, ({ kind }) => kind === 'promote'),
          };
        },
        play: (cluster, play) => promote(cluster, play, new SeededRandom(seed + episode), progress),
      });
    }
  },
};

async function promote(
  cluster: Cluster,
  play: Play,
  random: SeededRandom,
  progress: (text: string) => void,
): Promise<void> {
  await populate(cluster, random, 'mixed');
  for (let time = 1; time <= promotionsPerEpisode; time += 1) {
    progress(`${detail}, ${time}`);
    await promoteOnce(cluster, play, random, random.int(500, 1_500));
  }
}

/** @param followsMs - for how long the replica follows before it is cut off */
export async function promoteOnce(
  cluster: Cluster,
  play: Play,
  random: SeededRandom,
  followsMs: number,
): Promise<void> {
  const { server, witness } = cluster;
  const replica = await RedisServer.start(defaultRedisArgs);
  try {
    const client = replica.connect();
    await client.replicaof('127.0.0.1', server.port);
    await until('the replica follows', async () =>
      (await client.info('replication')).includes('master_link_status:up'),
    );
    await pause(followsMs);
    // The partition: it has what it has.
    await client.replicaof('NO', 'ONE');
    const before = witness.commits;
    await cluster.commits(random.int(10, 60));
    // The replica's file has to hold all that the replica has.
    await client.bgrewriteaof();
    await until('the replica has written its file', async () => {
      const state = await client.info('persistence');
      return state.includes('aof_rewrite_in_progress:0') && state.includes('aof_rewrite_scheduled:0');
    });
    await witness.hold();
    const begunAt = performance.now();
    await Promise.all([server.kill(), replica.kill()]);
    const lostAtMs = Date.now();
    const files = 'appendonlydir';
    await rm(join(server.folder, files), { recursive: true });
    await cp(join(replica.folder, files), join(server.folder, files), { recursive: true });
    await server.startAgain();
    noteOver(cluster, 'promote', detail, begunAt);
    const rolledBack = await witness.goBack(lostAtMs);
    await goesOn(cluster, play, 'promotion of a stale replica', rolledBack > 0, before);
  } finally {
    await replica.close();
  }
}

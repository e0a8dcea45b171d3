import { truncateSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RecordOf } from 'nestjs-affinity-queue/history';
import { SyncWatch } from '../../disasters/sync-watch.js';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { Experiment } from '../experiment.js';
import { runEpisode, type Play } from '../episode.js';
import type { Samples } from '../outcome.js';
import { fallingEpochs, goesOn, lostPerLoss, lostTasks, noteOver, populate } from './disaster.js';

type Policy = 'always' | 'everysec';

const lossesPerEpisode = 4;
/** `everysec` asks for it once a second, and lets it take as long again. */
const everysecBoundMs = 2_000;

const detailOf = (policy: Policy): string => `power loss, appendfsync ${policy}`;

/**
 * Redis ends without warning, and of its append-only file only that is left which it had put on the disk. With `always` nothing
 * that was acknowledged may be lost: for the checker it is a restart. With `everysec` the last seconds may be.
 */
export const powerLoss: Experiment = {
  name: 'power-loss',
  about:
    'the append-only file of Redis is cut back to what was on the disk, with always and everysec by turns',
  defaultFaults: 16,
  async *episodes({ seed, folder, scripts, progress }, from) {
    for (let episode = from; ; episode += 1) {
      const policy: Policy = episode % 2 === 0 ? 'always' : 'everysec';
      yield await runEpisode({
        experiment: 'power-loss',
        seed: seed + episode,
        folder,
        scripts,
        redisArgs: ['--appendonly', 'yes', '--appendfsync', policy, '--auto-aof-rewrite-percentage', '0'],
        measure: ({ timeline, ended, problem }): Samples => {
          const isLoss = ({ detail }: RecordOf<'fault'>): boolean => detail === detailOf(policy);
          const ages = lostTasks(timeline, ended.tasks, isLoss).map(({ ageMs }) => ageMs);
          fallingEpochs(timeline).forEach(problem);
          for (const age of ages.filter((one) => policy === 'always' || one > everysecBoundMs))
            problem(`a task was lost that had been acknowledged ${Math.round(age)} ms before the power loss`);
          const counts = lostPerLoss(timeline, ended.tasks, isLoss);
          return policy === 'always' ? { lostByAlways: counts } : { lostByEverysec: counts, lostAge: ages };
        },
        play: (cluster, play) => losePower(cluster, play, policy, new SeededRandom(seed + episode), progress),
      });
    }
  },
};

async function losePower(
  cluster: Cluster,
  play: Play,
  policy: Policy,
  random: SeededRandom,
  progress: (text: string) => void,
): Promise<void> {
  let watch = await watchOf(cluster);
  await populate(cluster, random, 'mixed');
  for (let loss = 1; loss <= lossesPerEpisode; loss += 1) {
    progress(`${detailOf(policy)}, ${loss}`);
    await pause(random.int(1_500, 4_000));
    watch = await losePowerOnce(cluster, play, policy, watch);
  }
}

/** Of the Redis of a cluster, before anybody writes to it. */
export function watchOf({ server }: Cluster): Promise<SyncWatch> {
  return SyncWatch.start(server.pid, server.folder);
}

/**
 * @param watch - has seen everything that Redis wrote since its start
 * @returns the one of the Redis that comes after
 */
export async function losePowerOnce(
  cluster: Cluster,
  play: Play,
  policy: Policy,
  watch: SyncWatch,
): Promise<SyncWatch> {
  const { server, witness } = cluster;
  const before = witness.commits;
  await witness.hold();
  const begunAt = performance.now();
  await server.kill();
  const lostAtMs = Date.now();
  const synced = await watch.syncedBytes();
  const cut = statSync(watch.file).size - synced;
  truncateSync(watch.file, synced);
  await server.startAgain();
  noteOver(cluster, policy === 'always' ? 'redis-kill' : 'power-loss', detailOf(policy), begunAt);
  // Nobody writes until it is watched.
  await server.freeze();
  const next = await watchOf(cluster);
  server.thaw();
  const rolledBack = await witness.goBack(lostAtMs);
  if (policy === 'always' && rolledBack > 0)
    play.problem(`${rolledBack} transitions that somebody had seen were lost with appendfsync always`);
  // With `everysec` it has hit if there was something that was not on the disk; `always` leaves hardly anything.
  await goesOn(cluster, play, `power loss (${policy})`, policy === 'always' || cut > 0, before);
  return next;
}

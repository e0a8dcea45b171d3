import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FakeClock } from '../../disasters/fake-clock.js';
import { canSetClocks, canWatchSyncs } from '../../disasters/tools.js';
import type { Timeline } from '../../history/timeline.js';
import { declaredDead } from '../../measures/declared-dead.js';
import { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import { leaseMs } from '../../stage/lease.js';
import { defaultRedisArgs } from '../../stage/redis-server.js';
import { until } from '../../stage/until.js';
import { runEpisode, type Play } from '../episode.js';
import type { CampaignSetup } from '../experiment.js';
import type { EpisodeOutcome } from '../outcome.js';
import { hour, setClock } from './clock.js';
import { fallingEpochs, goesOn, populate } from './disaster.js';
import { fillOnce } from './full.js';
import { losePowerOnce, watchOf } from './power-loss.js';
import { promoteOnce } from './promotion.js';

type Setup = Pick<CampaignSetup, 'seed' | 'folder' | 'scripts' | 'progress'>;
type Act = (play: Play) => Promise<unknown>;

const mostTries = 5;
/** Longer than a lease, so that who could not renew it would have lost it. */
const fullForMs = 1.5 * leaseMs;
const followsMs = 300;
/** Long enough for something that is not on the disk. */
const unsyncedMs = 300;

/**
 * Each disaster once, as short as it can be, in one episode: those that lose nothing come first. The clock of Redis is set
 * where there is a C compiler, and power is lost where strace may look at Redis.
 */
export async function briefDisasters({ seed, folder, scripts, progress }: Setup): Promise<EpisodeOutcome> {
  const place = mkdtempSync(join(tmpdir(), 'affinity-chaos-clock-'));
  const wallClock = canSetClocks() ? new FakeClock(place) : undefined;
  const mayLosePower = await canWatchSyncs();
  const outcome = await runEpisode({
    ...{ experiment: 'short', seed, folder, scripts },
    redisArgs: [...defaultRedisArgs, '--auto-aof-rewrite-percentage', '0'],
    ...(wallClock && { redisEnvironment: wallClock.environment }),
    measure: ({ timeline, problem }) => {
      [...fallingEpochs(timeline), ...declaredDead(timeline, firstLoss(timeline))].forEach(problem);
      return {};
    },
    play: async (cluster, play) => {
      const acts = await actsOf(cluster, new SeededRandom(seed), wallClock, mayLosePower);
      for (const [name, act] of Object.entries(acts)) {
        progress(name);
        await untilItHits(name, act, play);
      }
    },
  });
  rmSync(place, { recursive: true });
  return outcome;
}

async function actsOf(
  cluster: Cluster,
  random: SeededRandom,
  wallClock: FakeClock | undefined,
  mayLosePower: boolean,
): Promise<Record<string, Act>> {
  let watch = mayLosePower ? await watchOf(cluster) : undefined;
  // Back-offs and delays follow the clock of Redis, and would last an hour: tasks that need none.
  await populate(cluster, random, 'steady');
  return {
    ...(wallClock && {
      // Behind, and ahead to the true time again: the other way round the ids of the witness would stay ahead.
      'the clock goes back': (play) => setClock(cluster, play, wallClock, -hour),
      'the clock goes ahead': (play) => setClock(cluster, play, wallClock, 0),
    }),
    maxmemory: (play) => fillOnce(cluster, play, fullForMs),
    resignation: (play) => resign(cluster, play),
    ...(watch && {
      'power loss, always': async (play) => (watch = await losePowerOnce(cluster, play, 'always', watch!)),
      'power loss, everysec': async (play) => {
        // Until Redis starts again, which it does with what it was started with.
        await cluster.redis.config('SET', 'appendfsync', 'everysec');
        await pause(unsyncedMs);
        watch = await losePowerOnce(cluster, play, 'everysec', watch!);
      },
    }),
    promotion: (play) => promoteOnce(cluster, play, random, followsMs),
  };
}

async function resign(cluster: Cluster, play: Play): Promise<void> {
  const leader = await until('there is a leader', () => cluster.leader);
  const before = cluster.witness.commits;
  const { resignations } = cluster.witness;
  await leader.ask('resign', null);
  const hit = await until('it has resigned', () => cluster.witness.resignations > resignations, {
    timeoutMs: 5_000,
  }).catch(() => false);
  await goesOn(cluster, play, 'resignation', hit, before, leader.nodeId);
}

/** A miss is no reason for another seed. */
async function untilItHits(name: string, act: Act, play: Play): Promise<void> {
  for (let tries = 1; tries <= mostTries; tries += 1) {
    let hasHit = false;
    await act({
      ...play,
      log: (fault) => {
        hasHit = fault.hit;
        play.log(fault);
      },
    });
    if (hasHit) return;
  }
  play.problem(`${name} missed ${mostTries} times`);
}

/** From then on, whoever could not reach Redis in time may be taken for dead. */
function firstLoss(timeline: Timeline): number | undefined {
  return timeline.of('fault').find(({ kind }) => kind === 'redis-kill' || kind === 'promote')?.at;
}
